package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"rdiostress/internal/bundled"
)

// startServer starts the bundled server that the run is to be made against. The caller stops it.
func (o *runOptions) startServer(ctx context.Context) (err error) {
	o.stage("starting the bundled server")
	program, err := serverProgram(o.scenario.Key, o.serverFlags)
	if err != nil {
		return err
	}
	o.server, err = bundled.Start(ctx, bundled.Options{Program: program, FixedPort: o.crash.victim == crashServer})
	if err != nil {
		return err
	}
	o.scenario.URL = o.server.URL()
	o.watch.follow(o.server)
	return nil
}

// stopServer stops the bundled server, and says what went wrong with it.
func (o *runOptions) stopServer() {
	for _, problem := range o.server.Stop() {
		fmt.Fprintf(o.ios.Err, "rdiostress: warning: %s\n", problem)
	}
}

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
