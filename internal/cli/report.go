package cli

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rdiostress/internal/flaghelp"
	"rdiostress/internal/inputfile"
	"rdiostress/internal/plain"
	"rdiostress/internal/report"
	"rdiostress/internal/stdio"
)

// reportOptions are the flags of `rdiostress report`.
type reportOptions struct {
	*runOptions
}

func newReportCmd(ios *streams) *cobra.Command {
	o := &reportOptions{&runOptions{ios: ios, saved: true}}
	cmd := &cobra.Command{
		Use:   "report FILE|-",
		Short: "Render a saved report",
		Long: `Report reads what run or capacity have written with --json, also older versions of them, and shows it
again: as a summary, as tables (--full), or in any other form that run has. A - stands for stdin.

With --threshold, the report of a run is judged anew: by these thresholds, and by the usual three unless
--no-default-thresholds. All forms show the new verdict, and the exit code is its own, as for run. Otherwise, the exit
code is 0 once the report is rendered, whatever its verdict.`,
		Example: `  rdiostress report report.json
  rdiostress report report.json --html report.html --csv series.csv
  rdiostress report report.json --threshold 'p99_response_time_s < 2s'
  curl -s https://ci/report.json | rdiostress report - --html report.html`,
		Args:              oneArg("one file, or - for stdin"),
		ValidArgsFunction: flaghelp.Files("json"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.checkForms(cmd.Flags(), args[0]); err != nil {
				return withOrigin(cmd.Flags(), usageErrorf("", "%w", err))
			}
			return o.render(args[0])
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	o.thresholds.addFlags(f)
	o.forms.addFlags(f, formRead)
	o.addLookFlags(f)
	flaghelp.Describe(cmd, []flaghelp.Group{{Title: "Thresholds", Flags: thresholdFlags()}, {
		Title: "Report",
		Flags: append(formGroup(formRead), []flaghelp.Flag{{Name: "full"}, {Name: "no-color"}, {Name: "ascii"}}...),
	}})
	return cmd
}

// formRead is the form that the command reads, and so does not write.
const formRead = "json"

// checkForms checks where the forms go. None may take the place of the report that is read.
func (o *reportOptions) checkForms(flags *pflag.FlagSet, read string) error {
	o.forms.step = o.ios.env(stepSummary)
	errs := problems{o.forms.check(flags), o.thresholds.check()}
	for _, one := range o.forms.flags() {
		errs.check(sameFile(*one.path, read), "{"+one.Name+"} %s: it is the report that is to be read", *one.path)
	}
	return errs.join()
}

// render reads a document and writes it in the forms that were asked for: text, unless there is another.
func (o *reportOptions) render(name string) error {
	doc, err := o.read(name)
	if err != nil {
		hint := ""
		if errors.Is(err, report.ErrPage) {
			hint = "a browser shows it; report reads what --json FILE of run or capacity has written"
		}
		return &commandError{exitUsage, fmt.Errorf("%s: %s", readName(name), plain.Reason(err)), hint}
	}
	rules := o.thresholds.own()
	switch {
	case len(rules.Rules) == 0:
	case doc.Run == nil:
		return usageErrorf("", "--threshold is for runs, and %s is a search for a capacity", readName(name))
	default:
		doc.Run.Rejudge(rules, flagName)
	}
	forms := o.forms.ofRun(doc.Run)
	if doc.Search != nil {
		forms = o.forms.ofSearch(doc.Search)
	}
	written, fileErr := writeFiles(forms)
	for _, path := range written {
		o.ios.say("wrote %s", path)
	}
	outErr := o.show(&doc, forms)
	if outErr != nil && stdio.ReaderGone(outErr) {
		outErr = nil
	} else if outErr != nil {
		outErr = fmt.Errorf("cannot write to stdout: %s", plain.Reason(outErr))
	}
	if err := errors.Join(fileErr, outErr); err != nil {
		return &commandError{exitNoRun, err, ""}
	}
	if len(rules.Rules) > 0 && doc.Run.Verdict.ExitCode != exitOK {
		return exitStatus(doc.Run.Verdict.ExitCode)
	}
	return nil
}

// show writes the form that is to be on stdout: text for people if no form was asked for at all.
func (o *reportOptions) show(doc *report.Document, forms []form) error {
	if inPlace, taken := onStdout(forms); taken {
		return inPlace.write(o.ios.Out)
	}
	if slices.ContainsFunc(forms, func(f form) bool { return f.path != "" }) {
		return nil
	}
	return o.forPeople(doc)
}

func (o *reportOptions) forPeople(doc *report.Document) error {
	if doc.Search != nil {
		return o.showSearch(o.ios.Out, doc.Search)
	}
	return o.showRun(o.ios.Out, doc.Run)
}

// readName names what is read for people.
func readName(name string) string {
	if name == "-" {
		return "stdin"
	}
	return name
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
