package flaghelp

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// MaxWidth is the widest that help is laid out; longer lines are hard to read.
const MaxWidth = 110

// minWidth is the narrowest.
const minWidth = 40

// Write writes a command's help for a terminal of that width in columns.
func Write(w io.Writer, cmd *cobra.Command, width int) error {
	width = min(max(width, minWidth), MaxWidth)
	var b strings.Builder
	b.WriteString(Wrap(cmp.Or(cmd.Long, cmd.Short), width))
	writeUsage(&b, cmd)
	if cmd.Example != "" {
		b.WriteString("\nExamples:\n")
		for line := range strings.Lines(cmd.Example) {
			b.WriteString(breakCommand(strings.TrimRight(line, "\n"), width) + "\n")
		}
	}
	writeCommands(&b, cmd, width)
	writeFlags(&b, cmd, width)
	_, err := io.WriteString(w, b.String())
	return err
}

func writeUsage(b *strings.Builder, cmd *cobra.Command) {
	b.WriteString("\nUsage:\n")
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(b, "  %s COMMAND\n", cmd.CommandPath())
		return
	}
	line := cmd.UseLine()
	if len(visibleFlags(cmd)) <= 1 { // only --help
		line = strings.TrimSuffix(line, " [flags]")
	}
	fmt.Fprintf(b, "  %s\n", line)
}

// writeCommands lists the commands below a command.
func writeCommands(b *strings.Builder, cmd *cobra.Command, width int) {
	if !cmd.HasAvailableSubCommands() {
		return
	}
	var rows []row
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() || sub.Name() == "help" {
			rows = append(rows, row{"  " + sub.Name(), sub.Short})
		}
	}
	writeTable(b, "Commands", rows, rightColumn(rows, width), width)
	b.WriteString("\n" + Wrap(fmt.Sprintf("%s COMMAND --help says more about a command.", cmd.CommandPath()), width))
}

func writeTable(b *strings.Builder, title string, rows []row, column, width int) {
	fmt.Fprintf(b, "\n%s:\n", title)
	for _, line := range table(rows, column, width) {
		b.WriteString(line + "\n")
	}
}

// otherGroup is the heading of flags that were not described, such as help.
const otherGroup = "Other"

// writeFlags writes the flags of a command under the headings of their groups, all aligned with each other.
func writeFlags(b *strings.Builder, cmd *cobra.Command, width int) {
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	flags := visibleFlags(cmd)
	rows := make([]row, len(flags))
	for i, f := range flags {
		rows[i] = row{flagColumn(f), Usage(f)}
	}
	column := rightColumn(rows, width)
	var titles []string
	groups := make(map[string][]row)
	for i, f := range flags {
		rows[i].right = glueDefault(rows[i].right, width-column)
		title := cmp.Or(GroupOf(f), otherGroup)
		if !slices.Contains(titles, title) {
			titles = append(titles, title)
		}
		groups[title] = append(groups[title], rows[i])
	}
	if len(titles) == 1 || len(flags) <= fewFlags {
		writeTable(b, "Flags", rows, column, width)
		return
	}
	for _, title := range titles {
		writeTable(b, title, groups[title], column, width)
	}
}

// fewFlags are so few that groups would only make them harder to read.
const fewFlags = 6

// visibleFlags are the flags of a command in the order of their groups. Those that were not described come last.
func visibleFlags(cmd *cobra.Command) (flags []*pflag.Flag) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			flags = append(flags, f)
		}
	})
	place := func(f *pflag.Flag) int {
		n, err := strconv.Atoi(annotation(f, placeKey))
		if err != nil {
			return len(flags) * len(flags) // behind all others
		}
		return n
	}
	slices.SortStableFunc(flags, func(a, b *pflag.Flag) int { return cmp.Compare(place(a), place(b)) })
	return flags
}

// flagColumn is the left column of a flag's row. Names are aligned whether a flag has a short one or not.
func flagColumn(f *pflag.Flag) string {
	if f.Shorthand == "" {
		return "      " + nameAndValue(f)
	}
	return "  " + nameAndValue(f)
}

// glueDefault has the default at the end of a usage text stay on one line, if there is room for it on one and it is
// short.
func glueDefault(usage string, room int) string {
	const short = 45
	at := strings.LastIndex(usage, "(default ")
	if at < 0 || shownWidth(usage[at:]) > min(short, room) {
		return usage
	}
	return usage[:at] + strings.ReplaceAll(usage[at:], " ", glue)
}
