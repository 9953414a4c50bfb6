package flaghelp

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newCommand is a command with one flag of each kind.
func newCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "bake", Short: "Bake bread", Run: func(*cobra.Command, []string) {}}
	f := cmd.Flags()
	f.SortFlags = false
	f.Int("loaves", 2, "number of loaves")
	f.Duration("time", 90*time.Minute, "how long to bake")
	f.Duration("rest", 2*time.Hour, "how long to rest")
	f.StringP("crust", "c", "thin", "how thick the crust is")
	f.String("shape…", "", "the shape")
	f.String("size", "1.0KiB", "the size")
	f.Bool("steam", true, "bake with steam")
	f.String("recipe", "", "read the recipe from this file")
	f.Bool("secret", false, "not shown")
	f.String("late", "", "a flag without a group takes a `word`")
	_ = f.MarkHidden("secret")
	return cmd
}

func groups() []Group {
	return []Group{
		{"Oven", []Flag{
			{Name: "steam", Value: "[=true|false]", Default: "as the oven does"},
			{Name: "time", Value: "duration"},
			{Name: "rest", Value: "auto|duration"},
		}},
		{"Bread", []Flag{
			{Name: "crust", Value: "thin|thick|mm:N"},
			{Name: "shape…", Value: "word,…", Values: func() []string { return []string{"round", "long="} }},
			{Name: "loaves", Value: "number"},
			{Name: "size", Value: "size"},
			{Name: "recipe", Value: "file|-", Extensions: []string{"txt"}},
			{Name: "nothing", Value: "number"},
		}},
		{"Again", []Flag{{Name: "loaves", Value: "other"}}},
	}
}

func TestWrite(t *testing.T) {
	cmd := newCommand()
	Describe(cmd, groups())
	cmd.Long = "Bake bakes bread in an oven,\nwhich is hot.\n\n  dough   to be\n          kneaded\n  kept as it is"
	cmd.Example = "  bake --loaves 3\n  bake --loaves 30 --crust thin --time 2h"
	var got bytes.Buffer
	if err := Write(&got, cmd, 10); err != nil { // as narrow as it can be
		t.Fatal(err)
	}
	want := `Bake bakes bread in an oven, which is
hot.

  dough  to be kneaded
  kept as it is

Usage:
  bake [flags]

Examples:
  bake --loaves 3
  bake --loaves 30 --crust thin \
      --time 2h

Oven:
      --steam[=true|false]
                   bake with steam
                   (default as the oven
                   does)
      --time duration
                   how long to bake
                   (default 1h30m)
      --rest auto|duration
                   how long to rest
                   (default 2h)

Bread:
  -c, --crust thin|thick|mm:N
                   how thick the crust
                   is (default thin)
      --shape… word,…
                   the shape
      --loaves number
                   number of loaves
                   (default 2)
      --size size  the size
                   (default 1KiB)
      --recipe file|-
                   read the recipe from
                   this file

Other:
      --late word  a flag without a
                   group takes a word
  -h, --help       show this help
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestWriteCommands(t *testing.T) {
	root := &cobra.Command{Use: "kitchen", Short: "Work in a kitchen"}
	root.AddCommand(newCommand(), &cobra.Command{Use: "wash", Hidden: true, Run: func(*cobra.Command, []string) {}})
	var got bytes.Buffer
	if err := Write(&got, root, 80); err != nil {
		t.Fatal(err)
	}
	want := `Work in a kitchen

Usage:
  kitchen COMMAND

Commands:
  bake  Bake bread

kitchen COMMAND --help says more about a command.

Flags:
  -h, --help  show this help
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Rows are aligned by what is shown, whatever the signs in them.
func TestAlignedByWidth(t *testing.T) {
	rows := []row{{"  a…", "one"}, {"  漢字", "two"}, {"  e\u0301", "three"}, {"  abcd", "four"}}
	got := strings.Join(table(rows, rightColumn(rows, 80), 80), "\n")
	want := "  a…    one\n  漢字  two\n  e\u0301     three\n  abcd  four"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestLine(t *testing.T) {
	cmd := newCommand()
	Describe(cmd, groups())
	for name, want := range map[string]string{
		"steam":  "--steam[=true|false]: bake with steam (default as the oven does)",
		"loaves": "--loaves number: number of loaves (default 2)",
		"crust":  "-c, --crust thin|thick|mm:N: how thick the crust is (default thin)",
		"recipe": "--recipe file|-: read the recipe from this file",
		"late":   "--late word: a flag without a group takes a word",
	} {
		if got := Line(cmd.Flags().Lookup(name)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestNamesFile(t *testing.T) {
	cmd := newCommand()
	Describe(cmd, groups())
	cmd.Flags().String("other", "", "a `FILE`")
	named := ""
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if NamesFile(f) {
			named += f.Name + " "
		}
	})
	if named != "other recipe " && named != "recipe other " {
		t.Errorf("files are named by %s", named)
	}
}

func TestDefaults(t *testing.T) {
	for text, want := range map[string]string{
		"120": "2m", "60": "1m", "1h0m0s": "1h", "1h30m0s": "1h30m", "500ms": "500ms", "1m30s": "1m30s",
		"auto": "auto", "0.5": "500ms",
		"10m0s": "10m", "20s": "20s",
	} {
		if got := shortDuration(text); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}

func TestCompletion(t *testing.T) {
	cmd := newCommand()
	Describe(cmd, groups())
	const stay = cobra.ShellCompDirectiveNoFileComp
	tests := []struct {
		flag, typed, want string
		mode              cobra.ShellCompDirective
	}{
		{"crust", "", "thin thick mm:", stay | cobra.ShellCompDirectiveNoSpace},
		{"crust", "thi", "thin thick", stay},
		{"rest", "", "auto", stay},
		{"steam", "f", "false", stay},
		{"shape…", "round,l", "round,long=", stay | cobra.ShellCompDirectiveNoSpace},
		{"loaves", "", "", stay},
		{"recipe", "", "txt", cobra.ShellCompDirectiveFilterFileExt},
	}
	for _, tt := range tests {
		complete, ok := cmd.GetFlagCompletionFunc(tt.flag)
		if !ok {
			t.Fatalf("--%s is not completed", tt.flag)
		}
		got, mode := complete(cmd, nil, tt.typed)
		if strings.Join(got, " ") != tt.want || mode != tt.mode {
			t.Errorf("--%s %s: %q, %d; want %q, %d", tt.flag, tt.typed, got, mode, tt.want, tt.mode)
		}
	}
	for _, complete := range []struct {
		flag Flag
		mode cobra.ShellCompDirective
	}{
		{Flag{Value: "folder"}, cobra.ShellCompDirectiveFilterDirs},
		{Flag{Value: "file"}, cobra.ShellCompDirectiveDefault},
	} {
		if _, mode := complete.flag.completion()(cmd, nil, ""); mode != complete.mode {
			t.Errorf("%s: %d, want %d", complete.flag.Value, mode, complete.mode)
		}
	}
	if (Flag{}).completion() != nil {
		t.Error("a switch is completed")
	}
}

func TestBreakCommand(t *testing.T) {
	for line, want := range map[string]string{
		"  bake --loaves 3":                        "  bake --loaves 3",
		"  bake --loaves 3 --time 2h":              "  bake --loaves 3 \\\n      --time 2h",
		"  bake --quiet | eat --bread --slowly":    "  bake --quiet | eat \\\n      --bread --slowly",
		"  bake-without-any-place-to-break-at-all": "  bake-without-any-place-to-break-at-all",
	} {
		if got := breakCommand(line, 22); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}
