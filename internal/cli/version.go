package cli

import (
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"
)

// Set by the linker (see the Makefile); a plain "go build" leaves them as they are.
var (
	version = "dev"
	commit  = "unknown"
	date    = "unknown"
)

func newVersionCmd(ios *streams) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, commit and build date",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(ios.Out, versionLine())
			return err
		},
	}
}

// versionLine says which build this is.
func versionLine() string {
	return fmt.Sprintf("rdiostress %s (commit %s, built %s, %s %s/%s)\n",
		version, commit, date, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
