package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rdiostress/internal/flaghelp"
	"rdiostress/internal/inputfile"
	"rdiostress/internal/plain"
	"rdiostress/internal/report"
	"rdiostress/internal/report/html"
	"rdiostress/internal/report/text"
	"rdiostress/internal/stdio"
)

// reportOptions are the flags of `rdiostress report`.
type reportOptions struct {
	*runOptions
}

func newReportCmd(ios *streams) *cobra.Command {
	o := &reportOptions{&runOptions{ios: ios}}
	cmd := &cobra.Command{
		Use:   "report FILE|-",
		Short: "Render a saved report",
		Long: `Report reads what run or capacity have written with --json, also older versions of them, and shows it
again: as tables, or as a page with charts. A - stands for stdin.

The exit code is 0 once the report is rendered, whatever its verdict.`,
		Example: `  rdiostress report report.json
  rdiostress report report.json --html report.html
  curl -s https://ci/report.json | rdiostress report - --html report.html`,
		Args:              oneArg("one file, or - for stdin"),
		ValidArgsFunction: flaghelp.Files("json"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.checkPath(cmd.Flags()); err != nil {
				return err
			}
			return o.render(args[0])
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.htmlFile, "html", "", "write a page with charts to this file; - writes it to stdout")
	o.addLookFlags(f)
	flaghelp.Describe(cmd, []flaghelp.Group{{Title: "Report", Flags: []flaghelp.Flag{
		{Name: "html", Value: "file|-", Extensions: []string{"html"}},
		{Name: "no-color"},
		{Name: "ascii"},
	}}})
	return cmd
}

func (o *reportOptions) checkPath(flags *pflag.FlagSet) error {
	if err := checkReportPath("html", o.htmlFile, flags.Changed("html")); err != nil {
		return withOrigin(flags, usageErrorf("", "%w", err))
	}
	return nil
}

// render reads a document and writes it in the forms that were asked for: tables, unless there is another.
func (o *reportOptions) render(name string) error {
	doc, err := o.read(name)
	if err != nil {
		hint := ""
		if errors.Is(err, report.ErrPage) {
			hint = "a browser shows it; report reads what --json FILE of run or capacity has written"
		}
		return &commandError{exitUsage, fmt.Errorf("%s: %s", name, plain.Reason(err)), hint}
	}
	page := form{"html", o.htmlFile, func(w io.Writer) error {
		if doc.Search != nil {
			return html.WriteCapacity(w, *doc.Search, html.Options{Scenario: repeatSearch(doc.Search)})
		}
		return html.WriteReport(w, *doc.Run, html.Options{Scenario: repeatRun(doc.Run)})
	}}
	switch page.path {
	case "":
		err = o.tables(&doc)
	case "-":
		err = page.write(o.ios.Out)
	default:
		if err := writeFiles([]form{page}); err != nil {
			return &commandError{exitNoRun, err, ""}
		}
		fmt.Fprintln(o.ios.Err, "rdiostress: wrote "+page.path)
	}
	if err != nil && !stdio.ReaderGone(err) {
		return &commandError{exitNoRun, fmt.Errorf("cannot write to stdout: %s", plain.Reason(err)), ""}
	}
	return nil
}

func (o *reportOptions) tables(doc *report.Document) error {
	if doc.Search != nil {
		return text.WriteCapacity(o.ios.Out, *doc.Search, o.tableOptions())
	}
	return text.WriteReport(o.ios.Out, *doc.Run, o.tableOptions())
}

// read reads a saved document from a file or stdin.
func (o *reportOptions) read(name string) (report.Document, error) {
	if name == "-" {
		return report.ReadDocument(o.ios.In)
	}
	data, err := inputfile.Read(name, report.MaxBytes)
	if err != nil {
		return report.Document{}, err
	}
	return report.ReadDocument(bytes.NewReader(data))
}
