// Command envelope reads a body in the form of Distribution's notifications with Distribution's own types, and writes
// what it has understood. A field that those types do not have is an error.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/distribution/distribution/v3/notifications"
)

func main() {
	var envelope struct {
		Events []notifications.Event `json:"events"`
	}
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&envelope); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stderr, notifications.EventsMediaType)
	if err := json.NewEncoder(os.Stdout).Encode(envelope); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
