package cli

import (
	"fmt"
	"os"
	"strings"

	"rdiostress/internal/bundled"
)

// serverProgram returns this program's serve, with flags besides those that it needs as a child.
func serverProgram(key string, flags []string) (bundled.Program, error) {
	exe, err := os.Executable()
	if err != nil {
		return bundled.Program{}, fmt.Errorf("cannot find this program to start its server: %w", err)
	}
	return bundled.Program{
		Path: exe,
		Args: func(listen, dir string) []string {
			args := append([]string{"serve", "--log-level", "warn"}, flags...)
			return append(args, "--listen", listen, "--data-dir", dir, "--stop-on-eof", "--remove-data")
		},
		Env: append(otherEnv(os.Environ()), envName("api-key")+"="+key), // no key in the process list
	}, nil
}

// otherEnv returns the environment without this program's own variables, which are meant for the command that was
// given.
func otherEnv(env []string) []string {
	var kept []string
	for _, e := range env {
		if !strings.HasPrefix(e, envPrefix) {
			kept = append(kept, e)
		}
	}
	return kept
}
