package cli

import (
	"errors"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rdiostress/internal/compare"
	"rdiostress/internal/exitcode"
	"rdiostress/internal/flaghelp"
	"rdiostress/internal/report/html"
	"rdiostress/internal/report/markdown"
	"rdiostress/internal/report/text"
)

// compareOptions are the flags of `rdiostress compare`.
type compareOptions struct {
	*runOptions
	failOn, prove []string
	force         bool
	gates         []compare.Gate
}

func newCompareCmd(ios *streams) *cobra.Command {
	o := &compareOptions{runOptions: &runOptions{ios: ios, saved: true}}
	cmd := &cobra.Command{
		Use:   "compare BASE NEW",
		Short: "Say whether one server, or version, did better than another",
		Long: `Compare reads what run has written with --json. It says of each figure whether the new runs are better or
worse than the base's, or whether no difference is shown, and how small a change would have been seen. BASE and NEW are
each a report, a folder of reports, or a pattern in quotes, such as 'before-*.json'.

Seconds of one run depend on each other, so that only runs can tell a change from chance: from four a side on, each run
counts as one value. With fewer, what is shown is only true within these runs, and no gate is decided.

The runs must have the same scenario, machine and check of storage.

` + flagText(exitcode.CompareHelp),
		Example: `  rdiostress compare before/ after/
  rdiostress compare 'before-*.json' 'after-*.json' --html compare.html
  rdiostress compare before/ after/ --fail-on 'p95_response_time_s +10%'
  rdiostress compare before/ after/ --prove 'p95_response_time_s +5%'`,
		Args: twoSides,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.prepare(cmd.Flags()); err != nil {
				return err
			}
			return o.compare(args[0], args[1])
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	o.addGateFlags(f)
	f.BoolVar(&o.force, "force", false, "compare runs that differ in more than the server")
	o.addForms(f)
	f.BoolVar(&o.noColor, "no-color", false, "use no colors; the variable NO_COLOR does the same")
	f.BoolVar(&o.ascii, "ascii", false,
		"use no characters but ASCII; a locale that is not UTF-8, and TERM=dumb, do the same")
	flaghelp.Describe(cmd, compareGroups())
	return cmd
}

// twoSides refuses any number of arguments other than two.
func twoSides(cmd *cobra.Command, args []string) error {
	if len(args) != 2 {
		return usageErrorf("a folder or a pattern in quotes stands for several reports",
			"%s takes two sides, BASE and NEW, not %d", cmd.CommandPath(), len(args))
	}
	return nil
}

func compareGroups() []flaghelp.Group {
	return []flaghelp.Group{gateGroup(flaghelp.Flag{Name: "force"}), compareFormGroup()}
}

// gateGroup are the flags of the gates, with others beside them.
func gateGroup(others ...flaghelp.Flag) flaghelp.Group {
	return flaghelp.Group{Title: "Gates", Flags: append([]flaghelp.Flag{
		{Name: "fail-on", Value: "change"}, {Name: "prove", Value: "change"},
	}, others...)}
}

// compareFormGroup are the flags that say where a comparison goes.
func compareFormGroup() flaghelp.Group {
	g := flaghelp.Group{Title: "Report"}
	for _, one := range compareForms(new(formPaths)) {
		g.Flags = append(g.Flags, one.Flag)
	}
	g.Flags = append(g.Flags, flaghelp.Flag{Name: "no-color"}, flaghelp.Flag{Name: "ascii"})
	return g
}

// compareForms are the forms that a comparison has.
func compareForms(p *formPaths) (list []formFlag) {
	usages := map[string]string{
		"json":     "write the comparison to this file as JSON; - writes it to stdout instead of the table",
		"html":     "write the comparison to this file as a page, which needs no network; - writes it to stdout",
		"markdown": "write the comparison to this file as Markdown; - writes it to stdout",
	}
	for _, one := range p.flags() {
		if usage, ok := usages[one.Name]; ok {
			one.usage = usage
			list = append(list, one)
		}
	}
	return list
}

func (o *compareOptions) addForms(f *pflag.FlagSet) {
	for _, one := range compareForms(&o.forms) {
		f.Var(&pathValue{path: one.path}, one.Name, one.usage)
	}
}

func (o *compareOptions) addGateFlags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.failOn, "fail-on", nil,
		"exit with 1 if a figure is worse, and by more than this, such as 'p95_response_time_s +10%'; repeatable")
	f.StringArrayVar(&o.prove, "prove", nil,
		"exit with 5 unless it is proved that a figure is not worse by so much; repeatable")
}

// prepare checks the flags.
func (o *compareOptions) prepare(flags *pflag.FlagSet) error {
	o.forms.step, o.forms.byItself = o.ios.env(stepSummary), true
	errs := problems{o.forms.check(flags)}
	for _, kind := range []struct {
		name, kind string
		texts      []string
	}{{"fail-on", compare.FailOn, o.failOn}, {"prove", compare.Prove, o.prove}} {
		for _, text := range kind.texts {
			gate, err := compare.ParseGate(kind.kind, text)
			if err != nil {
				errs = append(errs, problemf("{"+kind.name+"} %w", err))
			}
			o.gates = append(o.gates, gate)
		}
	}
	if err := errs.join(); err != nil {
		return withOrigin(flags, usageErrorf("", "%w", err))
	}
	return nil
}

// compare reads both sides and says how they compare.
func (o *compareOptions) compare(base, changed string) error {
	b, errB := compare.Load(base)
	n, errN := compare.Load(changed)
	if err := errors.Join(errB, errN); err != nil {
		return usageErrorf("compare reads what run has written with --json FILE", "%w", err)
	}
	for _, side := range []*compare.Loaded{&b, &n} {
		for _, file := range side.Files {
			for _, one := range compareForms(&o.forms) {
				if sameFile(*one.path, file) {
					return usageErrorf("", "--%s %s: it is one of the reports that are compared", one.Name, *one.path)
				}
			}
		}
	}
	return o.concludeComparison(b, n, compare.Independent)
}

// concludeComparison compares two sides, and ends the command with what that comes to.
func (o *compareOptions) concludeComparison(base, changed compare.Loaded, design string) error {
	doc, err := compare.New(base, changed, compare.Options{
		Version: version, Design: design, Gates: o.gates, Force: o.force,
	})
	if err != nil {
		hint := ""
		if errors.Is(err, compare.ErrDiffers) {
			hint = "--force compares them all the same"
		}
		return usageErrorf(hint, "%w", err)
	}
	forms := o.forms.forms(&writers{
		json: func(w io.Writer) error { return compare.WriteJSON(w, doc) },
		html: func(w io.Writer) error { return html.WriteComparison(w, doc) },
		markdown: func(w io.Writer, most int) error {
			return markdown.WriteComparison(w, doc, markdown.Options{MaxBytes: most})
		},
	})
	options := o.tableOptions()
	options.More = ""
	return o.conclude("the comparison was made", doc.Verdict.ExitCode, forms,
		func(w io.Writer) error { return text.WriteComparison(w, doc, options) })
}
