package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"rdiostress/internal/delivery/sqldb"
	"rdiostress/internal/flaghelp"
	"rdiostress/internal/inputfile"
	"rdiostress/internal/plain"
	"rdiostress/internal/report"
	"rdiostress/internal/trial/verification"
	"rdiostress/internal/units"
)

// cleanupOptions are the flags of `rdiostress cleanup`.
type cleanupOptions struct {
	ios *streams

	where, run, report string
	print, all         bool

	place verification.Place
}

func newCleanupCmd(ios *streams, runF func(context.Context, *cleanupOptions) error) *cobra.Command {
	o := &cleanupOptions{ios: ios}
	cmd := &cobra.Command{
		Use:   "cleanup",
		Short: "Print the SQL that removes the calls of a run from a server",
		Long: `Cleanup looks into the database of a server and prints the SQL statements that would remove the calls of
a run, or those of all runs, with the rows of other tables that belong to them. It recognises the calls by the names of
their files. It never removes anything itself: read what it prints, make a backup, and run it in the database's own
program.

The tables are those of rdio-scanner 6 and 7, ThinLine Radio, tr-engine, sdrtrunk-rdio-api and rdiostress serve.`,
		Example: `  rdiostress cleanup --print --verify sqlite:rdio-scanner.db --report report.json
  rdiostress cleanup --print --verify postgres://rdio@localhost/rdio --run abcdefg2 > cleanup.sql
  rdiostress cleanup --print --verify sqlite:rdio-scanner.db --all`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.complete(); err != nil {
				return err
			}
			return runF(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&o.print, "print", false, "print the SQL; without this flag, nothing is done")
	f.StringVar(&o.where, "verify", "", "database of the server: sqlite:FILE, postgres://… or mysql://…")
	f.StringVar(&o.run, "run", "", "remove the calls of the run with this ID")
	f.StringVar(&o.report, "report", "", "remove the calls of the run of this JSON report")
	f.BoolVar(&o.all, "all", false, "remove the calls of all runs")
	flaghelp.Describe(cmd, cleanupGroups())
	return cmd
}

// complete checks the flags, and reads the run's ID from its report.
func (o *cleanupOptions) complete() (err error) {
	chosen := 0
	for _, is := range []bool{o.run != "", o.report != "", o.all} {
		if is {
			chosen++
		}
	}
	switch {
	case !o.print:
		return usageErrorf("add --print", "cleanup only prints what would be removed, and never removes it by itself")
	case chosen != 1:
		return usageErrorf("", "give one of --run, --report and --all")
	}
	if o.place, err = verification.ParsePlace(o.where); err != nil || !o.isDatabase() {
		return usageErrorf("", "--verify must name the server's database: sqlite:FILE, postgres://… or mysql://…")
	}
	if o.report != "" {
		return o.readReport()
	}
	return nil
}

// isDatabase reports whether --verify names a database.
func (o *cleanupOptions) isDatabase() bool {
	switch o.place.Kind {
	case verification.SQLite, verification.Postgres, verification.MySQL:
		return true
	default:
		return false
	}
}

// maxReport is how large a report may be.
const maxReport = 1 << 30

func (o *cleanupOptions) readReport() error {
	text, err := inputfile.Read(o.report, maxReport)
	if err != nil {
		return usageErrorf("", "--report %w", err)
	}
	rep, err := report.Read(bytes.NewReader(text))
	if err != nil {
		return usageErrorf("", "--report %s: %w", o.report, err)
	}
	o.run = rep.Run.ID
	return nil
}

// runCleanup prints the SQL.
func runCleanup(ctx context.Context, o *cleanupOptions) error {
	c, err := sqldb.ReadCleanup(ctx, string(o.place.Kind), o.place.Address, o.run)
	if err != nil {
		return withHint(err, "--verify names the server's database")
	}
	return writeCleanup(o.ios.Out, &c, o.run)
}

// writeCleanup writes SQL that removes calls, with what to know before as comments.
func writeCleanup(w io.Writer, c *sqldb.Cleanup, run string) error {
	whose := "of all runs"
	if run != "" {
		whose = "of run " + run
	}
	var b strings.Builder
	fmt.Fprintf(&b, "-- %s %s in %s.\n", units.Plural(uint64(c.Calls), "call"), whose, plain.Line(c.Source, '?'))
	if c.Calls > 0 {
		b.WriteString("-- Nothing has been removed. Make a backup, then run this in the database's own program.\n")
		if c.Files != "" {
			fmt.Fprintf(&b, "-- The audio of these calls is in files, which stay. Before, this lists them:\n--   %s;\n",
				c.Files)
		}
		fmt.Fprintf(&b, "%s;\n%s;\nCOMMIT;\n", c.Begin, strings.Join(c.Statements, ";\n"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
