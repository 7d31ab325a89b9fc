//go:build tools

// Package tools pins what the benchmark builds from this module.
package tools

import (
	_ "github.com/distribution/distribution/v3/cmd/registry"
)
