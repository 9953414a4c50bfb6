package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"rdiostress/internal/delivery/sqldb"
	"rdiostress/internal/flaghelp"
	"rdiostress/internal/inputfile"
	"rdiostress/internal/plain"
	"rdiostress/internal/report"
	"rdiostress/internal/server/sqlite"
	"rdiostress/internal/trial/verification"
	"rdiostress/internal/units"
)

// cleanupOptions are the flags of `rdiostress cleanup`.
type cleanupOptions struct {
	ios *streams

	where, report string
	runs          []string
	print, all    bool

	place verification.Place
}

func newCleanupCmd(ios *streams, runF func(context.Context, *cleanupOptions) error) *cobra.Command {
	o := &cleanupOptions{ios: ios}
	cmd := &cobra.Command{
		Use:   "cleanup",
		Short: "Print the SQL that removes the calls of a run from a server",
		Long: `Cleanup looks into the database of a server and prints the SQL statements that would remove the calls of
a run, of a search for a capacity, or of all runs, with the rows of other tables that belong to them. It recognises the
calls by the names of their files. It never removes anything itself: read what it prints, make a backup, and run it in
the database's own program.

The tables are those of rdio-scanner 6 and 7, ThinLine Radio, tr-engine, sdrtrunk-rdio-api and rdiostress serve.

The exit code is 3 if the database holds no call of the run.`,
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
	f.StringVar(&o.where, "verify", "",
		"database of the server: sqlite:FILE, sqlite:FOLDER of rdiostress serve, postgres://… or mysql://…")
	f.StringSliceVar(&o.runs, "run", nil, "remove the calls of the run with this ID; several with commas between them")
	f.StringVar(&o.report, "report", "",
		"remove the calls of the run of this JSON report, or of all runs of this report of capacity")
	f.BoolVar(&o.all, "all", false, "remove the calls of all runs")
	flaghelp.Describe(cmd, cleanupGroups())
	return cmd
}

// complete checks the flags, and reads the IDs of the runs from a report.
func (o *cleanupOptions) complete() (err error) {
	chosen := 0
	for _, is := range []bool{len(o.runs) > 0, o.report != "", o.all} {
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
	if err := o.findDatabase(); err != nil {
		return err
	}
	if o.report != "" {
		return o.readReport()
	}
	for _, id := range o.runs {
		if err := sqldb.CheckRunID(id); err != nil {
			return usageErrorf("the ID of a run is in the first line of its result, and in run.id of its JSON report",
				"--run: %w", err)
		}
	}
	return nil
}

// findDatabase reads --verify. It finds the database in a data folder of serve.
func (o *cleanupOptions) findDatabase() (err error) {
	if o.place, err = verification.ParsePlace(o.where); err != nil || !o.isDatabase() {
		hint := ""
		if _, err := os.Stat(o.where); err == nil {
			hint = "did you mean --verify sqlite:" + o.where + "?"
		}
		return usageErrorf(hint, "--verify must name the server's database: sqlite:FILE, postgres://… or mysql://…")
	}
	path := o.place.Address
	info, err := os.Stat(path)
	if o.place.Kind != verification.SQLite || err != nil { // reading it says what is wrong
		return nil
	}
	own := sqlite.DatabasePath(path)
	if !info.IsDir() {
		own = sqlite.DatabasePath(filepath.Dir(path))
	}
	switch has := isRegular(own); {
	case info.IsDir() && has:
		o.place.Address = own
	case info.IsDir():
		return usageErrorf("name the file of the database, as in "+sqliteIn(path),
			"--verify: the folder %s holds no database of rdiostress serve", path)
	case has && filepath.Base(path) == "lock.db": // which serve keeps locked, so that no other uses its folder
		return usageErrorf("--verify sqlite:"+own+" is the database beside it",
			"--verify: %s is the file by which rdiostress serve locks its folder, not a database of calls", path)
	}
	return nil
}

// isRegular reports whether a file is there.
func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// sqliteIn names a database in a folder: the first that is there, or else that of rdio-scanner.
func sqliteIn(folder string) string {
	for _, pattern := range []string{"*.db", "*.sqlite"} {
		if found, err := filepath.Glob(filepath.Join(folder, pattern)); err == nil && len(found) > 0 {
			return "sqlite:" + found[0]
		}
	}
	return "sqlite:" + filepath.Join(folder, "rdio-scanner.db")
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

func (o *cleanupOptions) readReport() error {
	text, err := inputfile.Read(o.report, report.MaxBytes)
	if err != nil {
		return usageErrorf("", "--report %w", err)
	}
	doc, err := report.ReadDocument(bytes.NewReader(text))
	switch {
	case err != nil:
		return usageErrorf("", "--report %s: %w", o.report, err)
	case doc.Run != nil:
		o.runs = []string{doc.Run.Run.ID}
	case len(doc.Search.Run.RunIDs) == 0:
		return usageErrorf("--all prints the SQL for the calls of all runs",
			"--report %s: an older version wrote it, which did not note the runs of a search", o.report)
	default:
		o.runs = doc.Search.Run.RunIDs
	}
	return nil
}

// runCleanup prints the SQL.
func runCleanup(ctx context.Context, o *cleanupOptions) error {
	ctx, stop := untilSignal(ctx, o.ios, onSignal{})
	defer stop()
	c, err := sqldb.ReadCleanup(ctx, string(o.place.Kind), o.place.Address, o.runs...)
	switch {
	case err != nil && ctx.Err() != nil:
		return exitStatus(exitInterrupted)
	case err != nil:
		err := fmt.Errorf("%s: %s", plain.Line(o.place.Public(), '?'), plain.Reason(err))
		return &commandError{exitNoRun, err, "--verify names the server's database"}
	}
	if c.Calls == 0 && len(o.runs) > 0 {
		return &commandError{
			exitNoRun, fmt.Errorf("no call %s is in %s", whoseCalls(o.runs), plain.Line(c.Source, '?')),
			"it was another server's, or its calls were removed before; --all prints the SQL for the calls of all runs",
		}
	}
	return writeCleanup(o.ios.Out, &c, o)
}

// whoseCalls names some runs, or all without an ID.
func whoseCalls(runs []string) string {
	switch len(runs) {
	case 0:
		return "of all runs"
	case 1:
		return "of run " + plain.Line(runs[0], '?')
	default:
		return "of runs " + plain.Line(strings.Join(runs, ", "), '?')
	}
}

// backupText says how the database is copied before something is removed from it.
func backupText(p *verification.Place) string {
	switch p.Kind {
	case verification.Postgres:
		return "pg_dump makes a backup"
	case verification.MySQL:
		return "mysqldump makes a backup"
	default:
		return fmt.Sprintf("sqlite3 %s \".backup COPY\" makes a backup. A copy of the file alone may lack what is in "+
			"its -wal file:\n-- copy a folder whole, with its server stopped", plain.Line(p.Address, '?'))
	}
}

// writeCleanup writes SQL that removes calls, with what to know before as comments.
func writeCleanup(w io.Writer, c *sqldb.Cleanup, o *cleanupOptions) error {
	var b strings.Builder
	calls := "No calls"
	if c.Calls > 0 {
		calls = units.Plural(uint64(c.Calls), "call")
	}
	fmt.Fprintf(&b, "-- %s %s in %s.\n", calls, whoseCalls(o.runs), plain.Line(c.Source, '?'))
	if c.Calls > 0 {
		b.WriteString("-- Nothing has been removed. Make a backup, then run this in the database's own program.\n")
		fmt.Fprintf(&b, "-- %s.\n", backupText(&o.place))
		if c.Files != "" {
			b.WriteString("-- Audio of these calls is in files, which stay. Before, this lists them:\n")
			fmt.Fprintf(&b, "--   %s;\n", c.Files)
		}
		fmt.Fprintf(&b, "%s;\n%s;\nCOMMIT;\n", c.Begin, strings.Join(c.Statements, ";\n"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
