package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rdiostress/internal/flaghelp"
)

// allCommands are the program's command and all below it.
func allCommands() (list []*cobra.Command) {
	var add func(*cobra.Command)
	add = func(cmd *cobra.Command) {
		list = append(list, cmd)
		for _, sub := range cmd.Commands() {
			add(sub)
		}
	}
	add(newRootCmd(&streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}))
	return list
}

// Every command's help is as in testdata/help, and no line is wider than the terminal.
func TestHelp(t *testing.T) {
	for _, cmd := range allCommands() {
		for _, width := range []int{80, 110} {
			name := fmt.Sprintf("%s-%d.txt", strings.ReplaceAll(cmd.CommandPath(), " ", "-"), width)
			t.Run(name, func(t *testing.T) {
				var got bytes.Buffer
				if err := flaghelp.Write(&got, cmd, width); err != nil {
					t.Fatal(err)
				}
				for line := range strings.Lines(got.String()) {
					line = strings.TrimRight(line, "\n")
					if runewidth.StringWidth(line) > width || strings.HasSuffix(line, " ") {
						t.Errorf("%q", line)
					}
				}
				golden := filepath.Join("testdata", "help", name)
				if *update {
					if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got.String()); diff != "" {
					t.Errorf("differs from %s (-want +got):\n%s", golden, diff)
				}
			})
		}
	}
}

// Help that does not go to a terminal is 80 columns wide.
func TestHelpIntoPipe(t *testing.T) {
	var out, errs bytes.Buffer
	code := run(context.Background(), []string{"serve", "--help"}, &streams{Out: &out, Err: &errs})
	if code != 0 || errs.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	want, err := os.ReadFile("testdata/help/rdiostress-serve-80.txt")
	if err != nil || out.String() != string(want) {
		t.Errorf("%v, got\n%s", err, out.String())
	}
}

// Every flag of every command is in a group and says what it takes, and the groups name no flag that does not exist.
func TestEveryFlagIsInAGroup(t *testing.T) {
	for _, cmd := range allCommands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Hidden || slices.Contains([]string{"help", "version"}, f.Name) {
				return
			}
			if flaghelp.GroupOf(f) == "" {
				t.Errorf("%s --%s is in no group", cmd.CommandPath(), f.Name)
			}
			if (flaghelp.Value(f) == "") != (f.Value.Type() == "bool") && !strings.HasPrefix(flaghelp.Value(f), "[=") {
				t.Errorf("%s --%s is a %s and takes %q", cmd.CommandPath(), f.Name, f.Value.Type(), flaghelp.Value(f))
			}
			if strings.Contains(f.Usage, "(default") || strings.Contains(f.Usage, "`") {
				t.Errorf("%s --%s: its default or value is in its usage text: %s", cmd.CommandPath(), f.Name, f.Usage)
			}
		})
	}
	for command, groups := range map[string][]flaghelp.Group{
		"cleanup": cleanupGroups(), "run": runGroups(), "capacity": capacityGroups(), "serve": serveGroups(),
		"sink": sinkGroups(), "stt": sttGroups(), "drill": drillGroups(), "compare": compareGroups(), "ab": abGroups(),
	} {
		cmd, _, err := allCommands()[0].Find([]string{command})
		if err != nil {
			t.Fatal(err)
		}
		for _, group := range groups {
			for _, flag := range group.Flags {
				if cmd.Flags().Lookup(flag.Name) == nil {
					t.Errorf("%s has no flag --%s", command, flag.Name)
				}
			}
		}
	}
}

// The manual has the flags of run and serve under the headings of their groups.
func TestDocsHaveTheGroups(t *testing.T) {
	text, err := os.ReadFile("../../docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"run", "serve"} {
		cmd, _, err := allCommands()[0].Find([]string{command})
		if err != nil {
			t.Fatal(err)
		}
		_, section, _ := strings.Cut(string(text), "\n## rdiostress "+command+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		for part := range strings.SplitSeq(section, "\n### ") {
			title, part, _ := strings.Cut(part, "\n")
			for name := range flagsInTables("\n## x\n"+part, "x") {
				if f := cmd.Flags().Lookup(name); f != nil && flaghelp.GroupOf(f) != title {
					t.Errorf("%s --%s is under %q, and in help under %q", command, name, title, flaghelp.GroupOf(f))
				}
			}
		}
	}
}

// What a shell is offered for what was typed so far, as cobra's scripts ask for it.
func TestCompletion(t *testing.T) {
	const (
		word      = cobra.ShellCompDirectiveNoFileComp
		part      = word | cobra.ShellCompDirectiveNoSpace // to be continued
		file      = cobra.ShellCompDirectiveDefault
		extension = cobra.ShellCompDirectiveFilterFileExt
		folder    = cobra.ShellCompDirectiveFilterDirs
	)
	tests := []struct {
		typed string
		want  string
		mode  cobra.ShellCompDirective
	}{
		{"run --prime", "--prime --prime-max", word},
		{"run --prime ", "on off auto", word},
		{"run --prime o", "on off", word},
		{"run --arrival ", "constant poisson", word},
		{"capacity --arrival p", "poisson", word},
		{"run --profile ", "guide", word},
		{"run --preset ", "county metro statewide", word},
		{"run --client vox", "voxcall", part},
		{
			"run --client sdrtrunk=70,trunk",
			"sdrtrunk=70,trunk-recorder sdrtrunk=70,trunk-recorder-5.2 sdrtrunk=70,trunk-recorder-meta",
			part,
		},
		{"run --mischief sl", "slow=", part},
		{"run --mischief slow=1,unknown-t", "slow=1,unknown-talkgroup=", part},
		{"run --keepalive=", "true false", word},
		{"run --watch ", "auto none pid: url:", part},
		{"run --watch a", "auto", word},
		{"run --verify s", "sqlite: sink=", part},
		{"run --crash-test ", "server", word},
		{"run --duplicate-window ", "auto", word},
		{"run --abort-on e", "error_rate>", part},
		{"capacity --slo p99", "p99_response_time_s<", part},
		{"run --server-flag=--que", "--queue=", part},
		{"run --duration ", "", word},
		{"run --json ", "json", extension},
		{"run --scenario ", "yaml yml", extension},
		{"run --ca-cert ", "pem crt cer key", extension},
		{"run --api-key-file ", "", file},
		{"run --audio-dir ", "", folder},
		{"serve --data-dir ", "", folder},
		{"serve --api-keys ", "yaml yml", extension},
		{"serve --defect st", "stalls", word},
		{"serve --log-level ", "debug info warn error", word},
		{"serve --log-format ", "text json", word},
		{"drill memory", "memory-leak", word},
		{"scenario check ", "yaml yml", extension},
		{"scenario show --prime of", "off", word},
		{"completion ", "bash zsh fish powershell", word},
		{"help scenario s", "show", word},
		{"help scenario check ", "", word},
	}
	for _, tt := range tests {
		t.Run(tt.typed, func(t *testing.T) {
			args := append([]string{cobra.ShellCompNoDescRequestCmd}, strings.Split(tt.typed, " ")...)
			var out, errs bytes.Buffer
			if code := run(context.Background(), args, &streams{Out: &out, Err: &errs}); code != 0 {
				t.Fatalf("exit code %d: %s", code, errs.String())
			}
			at := strings.LastIndex("\n"+out.String(), "\n:")
			offered, mode := out.String()[:at], out.String()[at+1:]
			if got := strings.Join(strings.Fields(offered), " "); got != tt.want {
				t.Errorf("offers %q, want %q", got, tt.want)
			}
			if want := fmt.Sprint(int(tt.mode)); strings.TrimSpace(mode) != want {
				t.Errorf("the shell is told %s, want %s", mode, want)
			}
		})
	}
}

// There is a script for every shell, which asks for descriptions unless they are not wanted.
func TestCompletionScripts(t *testing.T) {
	for _, shell := range shells() {
		for _, plain := range []bool{false, true} {
			args := []string{"completion", shell}
			want := cobra.ShellCompRequestCmd + " "
			if plain {
				args, want = append(args, "--no-descriptions"), cobra.ShellCompNoDescRequestCmd+" "
			}
			var out, errs bytes.Buffer
			code := run(context.Background(), args, &streams{Out: &out, Err: &errs})
			if code != 0 || !strings.Contains(out.String(), want) {
				t.Errorf("%v: exit code %d, %s; no %q in %d bytes", args, code, errs.String(), want, out.Len())
			}
		}
	}
}
