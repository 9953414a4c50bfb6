package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"rdiostress/internal/bundled"
	"rdiostress/internal/field"
	"rdiostress/internal/trial"
	"rdiostress/internal/trial/event"
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

// startServer starts the bundled server as the environment's, if a plan asks for it. Unless there is an error, the
// caller calls stop after it has written its report: the server takes a while to end, and a report is not to be lost
// meanwhile.
func startServer(
	ctx context.Context, env *trial.Environment, plan *trial.Plan, shown trial.Observer,
) (stop func(), err error) {
	if plan.Bundled == nil {
		return func() {}, nil
	}
	shown.Observe(event.Preparing{Activity: event.StartingServer})
	if err := env.StartServer(ctx, plan); err != nil {
		return nil, err
	}
	return func() {
		for _, problem := range env.Server.Stop() {
			shown.Observe(event.Warning{Text: field.Messagef("%s", problem)})
		}
	}, nil
}

// otherEnv returns the environment without this program's own variables, which are meant for the command that was
// given, and without those of the CI job whose step that command is.
func otherEnv(env []string) []string {
	var kept []string
	for _, e := range env {
		if !strings.HasPrefix(e, envPrefix) && !strings.HasPrefix(e, "GITHUB_") {
			kept = append(kept, e)
		}
	}
	return kept
}
