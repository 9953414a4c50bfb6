package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rdiostress/internal/flaghelp"
	"rdiostress/internal/nearest"
	"rdiostress/internal/report"
	"rdiostress/internal/report/text"
)

// drillOptions are the flags and arguments of `rdiostress drill`.
type drillOptions struct {
	ios      *streams
	names    []string
	healthy  int
	markdown bool
	list     bool
}

func newDrillCmd(ios *streams, runF func(context.Context, *drillOptions) error) *cobra.Command {
	o := &drillOptions{ios: ios}
	cmd := &cobra.Command{
		Use:   "drill [NAME...]",
		Short: "Test the diagnosis on servers with known defects",
		Long: `Drill starts the bundled server with one defect after another, loads it as run does, and checks that
the diagnosis finds that defect and nothing else. Then it loads the healthy server in different ways, in which the
diagnosis must find nothing. This takes about twenty minutes in all; name drills to run only those.

The exit code is 1 if a defect was missed or something was found that is not there.`,
		Example:           "  rdiostress drill stalls memory-leak --healthy 0\n  rdiostress drill --list",
		ValidArgsFunction: flaghelp.Words(drillNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.names = args
			if err := o.complete(); err != nil {
				return err
			}
			return runF(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.IntVar(&o.healthy, "healthy", 20, "number of runs with the healthy server")
	f.BoolVar(&o.list, "list", false, "list the drills and their commands, and run none")
	f.BoolVar(&o.markdown, "markdown", false, "write the table as Markdown")
	flaghelp.Describe(cmd, drillGroups())
	return cmd
}

func (o *drillOptions) complete() error {
	known := drillNames()
	for _, name := range o.names {
		if !slices.Contains(known, name) {
			hint := "rdiostress drill --list shows the drills"
			if near := nearest.Name(name, known); near != "" {
				hint = fmt.Sprintf("did you mean %s?", near)
			}
			return usageErrorf(hint, "there is no drill %q", name)
		}
	}
	if o.healthy < 0 {
		return usageErrorf("", "--healthy must not be negative")
	}
	return nil
}

func drillNames() (names []string) {
	for _, d := range drills() {
		names = append(names, d.name)
	}
	return names
}

// chosen are the drills that were asked for: all, or those named, and the healthy ones.
func (o *drillOptions) chosen() (list []drill) {
	for _, d := range drills() {
		if len(o.names) == 0 || slices.Contains(o.names, d.name) {
			list = append(list, d)
		}
	}
	return append(list, healthyDrills(o.healthy)...)
}

// runDrill makes the drills and prints the table.
func runDrill(ctx context.Context, o *drillOptions) error {
	ctx, stop := untilSignal(ctx, o.ios, onSignal{})
	defer stop()
	if o.list {
		for _, d := range o.chosen() {
			fmt.Fprintf(o.ios.Out, "%-20s rdiostress %s\n", d.name, strings.Join(d.command(), " "))
		}
		return nil
	}
	dir, err := os.MkdirTemp("", "rdiostress-drill-")
	if err != nil {
		return fmt.Errorf("cannot make a folder for the reports: %w", err)
	}
	defer os.RemoveAll(dir)
	list := o.chosen()
	var made []report.Drill
	for i, d := range list {
		o.ios.say("drill %d of %d: %s", i+1, len(list), d.name)
		one, err := d.run(ctx, filepath.Join(dir, "report.json"))
		if err != nil {
			return interruptedOr(ctx, fmt.Errorf("drill %s: %w", d.name, err))
		}
		made = append(made, one)
	}
	write := text.WriteDrills
	if o.markdown {
		write = text.WriteDrillsMarkdown
	}
	if err := write(o.ios.Out, made, o.ios.width()); err != nil {
		return err
	}
	for _, d := range made {
		if !d.OK() {
			return exitStatus(exitMissed)
		}
	}
	return nil
}

// command returns the command line of a drill's run, without the flag for its report.
func (d *drill) command() []string {
	args := []string{"run", "--with-server"}
	if d.defect != "" {
		args = append(args, "--server-flag=--defect="+d.defect)
	}
	return append(args, d.flags...)
}

// run makes the drill's run, as a process of its own as a user would, and reads its report.
func (d *drill) run(ctx context.Context, file string) (report.Drill, error) {
	out := report.Drill{Name: d.name, Want: d.want, Command: strings.Join(d.command(), " ")}
	exe, err := os.Executable()
	if err != nil {
		return out, err
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return out, err
	}
	cmd := exec.CommandContext(ctx, exe, append(d.command(), "--quiet", "--json", file)...)
	cmd.Env = otherEnv(os.Environ())
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	var said bytes.Buffer
	cmd.Stderr = &said
	runErr := cmd.Run() // its exit code is the verdict's; what matters is whether there is a report
	f, err := os.Open(file)
	if err != nil {
		return out, errors.Join(fmt.Errorf("no report: %w", runErr), errors.New(strings.TrimSpace(said.String())))
	}
	defer f.Close()
	rep, err := report.Read(f)
	if err != nil {
		return out, err
	}
	out.SetReport(&rep)
	return out, ctx.Err()
}

// drill is a run in which the diagnosis is to find one thing, or nothing.
type drill struct {
	name   string
	defect string   // of the bundled server, with arguments; empty for none
	want   string   // the finding's id; empty for none
	flags  []string // of run
}

// drills are the defects, each with a load under which it shows, and a load that asks too little of a sound server to
// tell.
func drills() []drill {
	return []drill{
		{"pool-exhaustion", "pool-exhaustion", "pool-exhaustion", flags("--max-concurrent=50", "--duration=20")},
		{
			"locked-database", "locked-database=hold:1.8s", "slow-database",
			flags("--max-concurrent=20", "--duration=25"),
		},
		{"memory-leak", "memory-leak", "memory-leak", flags("--rate=100", "--duration=40")},
		{
			"buffered-uploads", "buffered-uploads", "buffered-uploads",
			flags("--max-concurrent=25", "--audio-size=4MB", "--duration=15"),
		},
		{
			"temporary-files", "temporary-files", "temporary-files",
			flags("--rate=200", "--audio-size=64KB", "--duration=15"),
		},
		{"blocking-work", "blocking-work", "blocking-work", flags("--max-concurrent=20", "--duration=20")},
		{"lossy-queue", "lossy-queue", "lossy-queue", flags("--rate=300", "--duration=15")},
		{"small-queue", "small-queue", "queue-full", flags("--rate=100", "--duration=15")},
		{"rate-limit", "rate-limit", "rate-limiting", flags("--rate=50", "--duration=15")},
		{"retry-storm", "overload", "retry-storm", flags("--rate=60", "--client-retries=3s,3s", "--duration=40")},
		{
			"new-talkgroup-cost", "new-talkgroup-cost=40ms", "new-talkgroup-cost",
			flags("--rate=20", "--talkgroups=1001-3000", "--duration=40"),
		},
		{"dropped-duplicates", "dropped-duplicates", "duplicate-dropping", flags("--rate=50", "--duration=20")},
		{"missing-index", "missing-index=row:20KB", "latency-growth", flags("--max-concurrent=20", "--duration=40")},
		{"stalls", "stalls", "periodic-stalls", flags("--rate=50", "--duration=40")},
		{"connection-limit", "connection-limit", "connection-limit", flags("--max-concurrent=50", "--duration=15")},
		{"slow-clients", "slow-clients", "slow-clients", flags("--rate=20", "--mischief=slow=20", "--duration=50")},
		{"processor", "processor", "processor-bound", flags("--max-concurrent=150", "--duration=20")},
		{"disk", "disk=bytes:80MB", "disk-bound", flags("--max-concurrent=40", "--duration=20")},
		{"bandwidth", "bandwidth", "network-bound", flags("--max-concurrent=20", "--audio-size=1MB", "--duration=25")},
		{"few-slots", "", "few-slots", flags("--rate=3000", "--max-concurrent=1", "--duration=10")},
		{
			"transcription-behind", "transcription-behind", "transcription-behind",
			flags("--rate=10", "--duration=25", "--server-flag=--transcribe=simulate:0"),
		},
		{
			"transcription-blocks-ingest", "transcription-blocks-ingest", "transcription-blocks-ingest",
			flags("--rate=5", "--duration=20", "--server-flag=--transcribe=simulate:0.1"),
		},
		{"unreliable", "unreliable", "server-errors", flags("--rate=50", "--duration=15")},
	}
}

// healthyDrills are n runs against the healthy server, at loads that differ in rate, model and size.
func healthyDrills(n int) (list []drill) {
	loads := [][]string{
		flags("--max-concurrent=1"), flags("--rate=1"), flags("--max-concurrent=10"),
		flags("--rate=10", "--arrival=poisson"), flags("--max-concurrent=50"),
		flags("--rate=50", "--server-flag=--transcribe=simulate:0.01"),
		flags("--max-concurrent=100"), flags("--rate=100", "--arrival=poisson"), flags("--max-concurrent=200"),
		flags("--rate=500"), flags("--max-concurrent=20", "--audio-size=128KB"), flags("--rate=1000"),
		flags("--max-concurrent=20", "--audio-size=4MB"), flags("--rate=200", "--audio-size=1KB-64KB"),
		flags("--max-concurrent=50", "--think-time=100ms"), flags("--rate=100", "--ramp-up=5"),
		flags("--max-concurrent=50", "--keepalive=false"), flags("--rate=200", "--arrival=poisson", "--warmup=5"),
		flags("--max-concurrent=30", "--systems=11-20", "--talkgroups=1-50"),
		flags("--rate=20", "--mischief=truncated=2,wrong-key=2,slow=2"),
	}
	for i := range n {
		list = append(list,
			drill{name: fmt.Sprintf("healthy %d", i+1), flags: append(loads[i%len(loads)], "--duration=20")})
	}
	return list
}

func flags(f ...string) []string { return f }
