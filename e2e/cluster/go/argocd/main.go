// Command argocd is two of Argo CD's roles, the application controller and the repo server: what a GitOps test needs.
// Its own command carries all of them, the user interface included, and takes twice as long to build.
package main

import (
	"fmt"
	"os"

	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/spf13/cobra"
)

func main() {
	command := &cobra.Command{Use: "argocd", SilenceUsage: true}
	command.AddCommand(controller.NewCommand(), reposerver.NewCommand())
	if err := command.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
