//go:build tools

// Package tools pins what the tests build from this module.
package tools

import (
	_ "github.com/google/go-containerregistry/cmd/crane"
	_ "oras.land/oras/cmd/oras"
	_ "github.com/regclient/regclient/cmd/regctl"
)
