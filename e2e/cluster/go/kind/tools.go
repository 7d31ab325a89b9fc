//go:build tools

// Package tools pins what the cluster tooling builds from this module.
package tools

import (
	_ "sigs.k8s.io/kind"
)
