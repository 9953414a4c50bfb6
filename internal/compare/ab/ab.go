// Package ab compares two servers by runs in pairs: it starts each in turn, has a run made against it, and stops it, so
// that whatever drifts on the machine is the same for both.
package ab

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"rdiostress/internal/compare"
	"rdiostress/internal/report"
)

// Plan says which servers are compared, and how often.
type Plan struct {
	A, B   string // commands of a shell, with {dir} and {port}
	Rounds int
}

// MaxRounds is how many rounds are made at most.
const MaxRounds = 100

// CheckCommand returns an error if no server can be started by a command.
func CheckCommand(command string) error {
	if !strings.Contains(command, "{port}") {
		return errors.New("has no {port}, where the port is filled in at which the server is to listen")
	}
	return nil
}

// Turn is a run of one side.
type Turn struct {
	Round int    // counted from 1
	Side  string // "A" or "B"
	URL   string // of the server, which runs
}

// Order returns the turns of some rounds: A B, B A, A B and so on, so that neither is always the first.
func Order(rounds int) (turns []Turn) {
	for i := range rounds {
		sides := []string{"A", "B"}
		if i%2 == 1 {
			sides = []string{"B", "A"}
		}
		for _, side := range sides {
			turns = append(turns, Turn{Round: i + 1, Side: side})
		}
	}
	return turns
}

// Runner makes a run against a server, and returns its report and the file that has it, if any.
type Runner func(ctx context.Context, turn Turn) (rep *report.Report, file string, err error)

// Run makes all runs, and returns both sides with their runs in the order of the rounds. It leaves no server behind.
func (p *Plan) Run(ctx context.Context, run Runner) (a, b compare.Loaded, err error) {
	a.Name, b.Name = p.A, p.B
	for _, turn := range Order(p.Rounds) {
		command, side := p.A, &a
		if turn.Side == "B" {
			command, side = p.B, &b
		}
		rep, file, err := oneRun(ctx, command, turn, run)
		if err != nil {
			return a, b, fmt.Errorf("%s of round %d: %w", turn.Side, turn.Round, err)
		}
		side.Reports = append(side.Reports, rep)
		if file != "" {
			side.Files = append(side.Files, file)
		}
	}
	return a, b, nil
}

// oneRun starts a server, has the run made, and stops the server.
func oneRun(ctx context.Context, command string, turn Turn, run Runner) (rep *report.Report, file string, err error) {
	runtime.LockOSThread() // the server ends with the thread that has started it
	defer runtime.UnlockOSThread()
	s, err := start(ctx, command)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	turn.URL = s.url
	rep, file, err = run(ctx, turn)
	if err == nil && s.ended(ctx) {
		err = fmt.Errorf("the server ended during the run%s", s.lastWords())
	}
	return rep, file, err
}
