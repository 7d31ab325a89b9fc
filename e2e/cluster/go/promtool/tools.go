//go:build tools

// Package tools pins what the tests build from this module.
package tools

import (
	_ "github.com/prometheus/prometheus/cmd/promtool"
)
