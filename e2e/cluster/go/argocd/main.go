// Command argocd is two of Argo CD's roles, the application controller and the repo server: what a GitOps test needs.
// Its own command carries all of them, the user interface included, and takes twice as long to build. Like that one,
// it is whichever role its name says.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/spf13/cobra"
)

func main() {
	roles := map[string]func() *cobra.Command{
		"argocd-application-controller": controller.NewCommand,
		"argocd-repo-server":            reposerver.NewCommand,
	}
	name := filepath.Base(os.Args[0])
	role, known := roles[name]
	if !known {
		fmt.Fprintf(os.Stderr, "%s: not a role that is built in; start it by the name of one\n", name)
		os.Exit(2)
	}
	if err := role().Execute(); err != nil {
		os.Exit(1)
	}
}
