package configfile

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

// joined is a flag in the notation of comma-separated texts.
type joined struct{ text string }

func (j *joined) String() string     { return j.text }
func (j *joined) Set(s string) error { j.text = s; return nil }
func (j *joined) Type() string       { return "numbers" }

// staged is a flag that can be written as a list of maps.
type staged struct{ joined }

func (s *staged) Fields() ([]string, string) { return []string{"for", "to"}, ":" }

func (s *staged) Set(text string) error {
	if strings.Contains(text, "moon") {
		return errors.New("no such unit")
	}
	return s.joined.Set(text)
}

func testFlags() (*pflag.FlagSet, func() map[string]string) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.String("url", "", "")
	flags.Int("max-concurrent", 50, "")
	flags.Bool("keepalive", true, "")
	flags.StringArray("resolve", nil, "")
	flags.Var(&joined{}, "systems", "")
	flags.Var(&joined{}, "client", "")
	flags.Var(&staged{}, "stages", "")
	flags.String("scenario", "", "")
	return flags, func() map[string]string {
		set := make(map[string]string)
		flags.Visit(func(f *pflag.Flag) { set[f.Name] = f.Value.String() })
		return set
	}
}

func apply(t *testing.T, text string, overruled func(string) string) (map[string]string, []Entry, error) {
	t.Helper()
	f, err := Parse("f.yaml", []byte(text))
	if err != nil {
		return nil, nil, err
	}
	flags, set := testFlags()
	skipped, err := f.Apply(Settings{Flags: flags, Skip: []string{"scenario"}, Overruled: overruled})
	return set(), skipped, err
}

// What a flag is set to is the text that is written, whatever YAML takes it for.
func TestValuesAreTheTextAsWritten(t *testing.T) {
	for _, text := range []string{
		"0012345670123", "010", "0x1F", "0o17", "0b11", "12_000", "+5", "-5", "1.0", "1.50", "1e5", ".inf", ".nan",
		"true", "yes", "2027-01-31", "2027-01-31T12:00:00Z", "1:30:00", "=", "<<",
	} {
		file := strings.ReplaceAll("url: T\nresolve: [T]\nsystems: [T, T]\nclient: {a: T}\n", "T", text)
		got, _, err := apply(t, file, nil)
		want := map[string]string{
			"url": text, "resolve": "[" + text + "]", "systems": text + "," + text, "client": "a=" + text,
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
}

func TestApply(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want map[string]string
	}{
		"nothing":           {"", map[string]string{}},
		"comments only":     {"# a\n# b\n", map[string]string{}},
		"a marked document": {"---\nurl: a\n", map[string]string{"url": "a"}},
		"plain values": {
			"url: http://localhost:8000 # here\nmax-concurrent: 100\nkeepalive: false\n",
			map[string]string{"url": "http://localhost:8000", "max-concurrent": "100", "keepalive": "false"},
		},
		"text as it was written": {"url: 007\nclient: 1.50\n", map[string]string{"url": "007", "client": "1.50"}},
		"quotes": {
			"url: 'a: #b'\nclient: \"c\\\"d\"\n",
			map[string]string{"url": "a: #b", "client": `c"d`},
		},
		"a block of text":    {"url: |\n  http://a\n", map[string]string{"url": "http://a"}},
		"a list":             {"systems: [11, 12-14]\n", map[string]string{"systems": "11,12-14"}},
		"a list given again": {"resolve:\n  - a:1:b\n  - c:2:d\n", map[string]string{"resolve": "[a:1:b,c:2:d]"}},
		"one of a list":      {"resolve: a:1:b\n", map[string]string{"resolve": "[a:1:b]"}},
		"a map": {
			"client:\n  sdrtrunk: 70\n  trunk-recorder: 30\n",
			map[string]string{"client": "sdrtrunk=70,trunk-recorder=30"},
		},
		"maps with fields": {
			"stages:\n  - for: 1m\n    to: 50/s\n  - {to: 0, for: 5m}\n",
			map[string]string{"stages": "1m:50/s,5m:0"},
		},
		"one map with fields": {"stages: {for: 1m, to: 50}\n", map[string]string{"stages": "1m:50"}},
		"texts with fields":   {"stages: [1m:50, 2m:60]\n", map[string]string{"stages": "1m:50,2m:60"}},
		"a byte order mark":   {"\ufeffurl: a\r\nsystems: 1\r\n", map[string]string{"url": "a", "systems": "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			set, _, err := apply(t, c.text, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, set); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a misspelt key": {
			"url: a\nmax-concurent: 5\n",
			`f.yaml:2:1: there is no key "max-concurent"; did you mean max-concurrent?`,
		},
		"underscores": {
			"max_concurrent: 5\n",
			`f.yaml:1:1: there is no key "max_concurrent"; did you mean max-concurrent?`,
		},
		"letters swapped": {"ulr: a\n", `f.yaml:1:1: there is no key "ulr"; did you mean url?`},
		"a key like no other": {
			"weather: fine\n",
			`f.yaml:1:1: there is no key "weather"; keys are the names of the flags of rdiostress run`,
		},
		"the file itself": {
			"scenario: b.yaml\n",
			`f.yaml:1:1: there is no key "scenario": it cannot be set in a scenario file`,
		},
		"a wrong number": {
			"max-concurrent: many\n",
			`f.yaml:1:17: invalid argument "many" for "--max-concurrent" flag: strconv.ParseInt: parsing ` +
				`"many": invalid syntax`,
		},
		"a number in quotes": {
			"max-concurrent: \"5\"\n",
			`f.yaml:1:17: max-concurrent must be a whole number, not text in quotes`,
		},
		"no truth value": {"keepalive: 1\n", `f.yaml:1:12: keepalive must be true or false, not "1"`},
		"a list for a number": {
			"max-concurrent: [5]\n",
			`f.yaml:1:17: max-concurrent must be a whole number, not a list`,
		},
		"a map for a text": {"url:\n  host: a\n", `f.yaml:2:7: url must be one value, not a map`},
		"a map for a list": {"resolve: {a: b}\n", `f.yaml:1:10: resolve must be a list, not a map`},
		"a wrong stage": {
			"stages:\n  - {for: 1m, to: 5}\n  - {for: 1 moon, to: 5}\n",
			`f.yaml:2:5: invalid argument "1m:5,1 moon:5" for "--stages" flag: no such unit`,
		},
		"a misspelt field": {
			"stages:\n  - {fro: 1m, to: 5}\n",
			`f.yaml:2:6: stages has no "fro"; did you mean for?`,
		},
		"a missing field": {"stages:\n  - {for: 1m}\n", `f.yaml:2:5: stages lacks "to": each one has for and to`},
		"a list in a list": {
			"systems: [[1]]\n",
			`f.yaml:1:11: systems must be a list of plain values; this element is a list`,
		},
		"a map in a map":    {"client: {a: {b: c}}\n", `f.yaml:1:13: client: a must be one value, not a map`},
		"an empty list":     {"systems: []\n", `f.yaml:1:10: systems is an empty list`},
		"an empty map":      {"client: {}\n", `f.yaml:1:9: client is an empty map`},
		"no value":          {"url:\nsystems: 1\n", `f.yaml:1:1: url has no value: give one, or leave the key out`},
		"twice":             {"url: a\nurl: b\n", `f.yaml:2:1: mapping key "url" already defined at [1:1]`},
		"twice in brackets": {"client: {a: 1, a: 2}\n", `f.yaml:1:16: mapping key "a" already defined at [1:10]`},
		"an alias": {
			"url: &x a\nclient: *x\n",
			`f.yaml:1:6: url: write the value out; "&" has no meaning in a scenario`,
		},
		"a tag": {
			"url: !!str a\n",
			`f.yaml:1:6: url: write the value out; "!!str" has no meaning in a scenario`,
		},
		"a merge key": {
			"<<: {url: a}\n",
			`f.yaml:1:1: a key is a plain word; "<<" has no meaning in a scenario`,
		},
		"a list of all": {
			"- url: a\n",
			`f.yaml:1:1: a scenario is a list of keys and values, such as rate: 50/s`,
		},
		"two documents": {
			"url: a\n---\nurl: b\n",
			`f.yaml:3:4: a scenario file has one document, and here a second one begins`,
		},
		"a tabulator":     {"stages:\n\t- 1m:5\n", "f.yaml:2:1: found character '\t' that cannot start any token"},
		"an open bracket": {"systems: [1,\n", `f.yaml:1:10: sequence end token ']' not found`},
		"no UTF-8":        {"url: \xff\n", `f.yaml: no text in UTF-8`},
		"too long": {
			"url: " + strings.Repeat("a", maxBytes),
			`f.yaml: too large for a scenario: more than 64 kB`,
		},
		"too deep": {
			"url: " + strings.Repeat("[", maxBytes/2),
			`f.yaml: more than 500 lists and maps in brackets`,
		},
		"several": {
			"ulr: a\nkeepalive: \"no\"\nsystems: []\n",
			"f.yaml:1:1: there is no key \"ulr\"; did you mean url?\n" +
				"f.yaml:2:12: keepalive must be true or false, not text in quotes\n" +
				"f.yaml:3:10: systems is an empty list",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := apply(t, c.text, nil)
			if err == nil {
				t.Fatal("no error")
			}
			// The first line of those that the YAML parser repeats is enough.
			all, _, _ := strings.Cut(err.Error(), "\nf.yaml:2:9: client: write")
			if all != c.want {
				t.Errorf("got  %s\nwant %s", all, c.want)
			}
		})
	}
}

func TestOverruled(t *testing.T) {
	set, skipped, err := apply(t, "url: a\nsystems: 1\n", func(key string) string {
		if key == "url" {
			return "--url"
		}
		return ""
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, is := set["url"]; is || set["systems"] != "1" || len(skipped) != 1 || skipped[0].Key != "url" {
		t.Errorf("set %v, skipped %v", set, skipped)
	}
	// What does not count must be right all the same.
	if _, _, err := apply(t, "max-concurrent: [1]\n", func(string) string { return "--max-concurrent" }); err == nil {
		t.Error("a wrong value passes because it is overruled")
	}
}

func TestOriginIsNoted(t *testing.T) {
	flags, _ := testFlags()
	f, err := Parse("f.yaml", []byte("\nurl:   a\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Apply(Settings{Flags: flags}); err != nil {
		t.Fatal(err)
	}
	if got := flags.Lookup("url").Annotations[Origin]; len(got) != 1 || got[0] != "f.yaml:2:8" {
		t.Errorf("origin %q", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("url: a\nstages:\n  - {for: 1m, to: 5}\nsystems: [1, '2']\n")
	f.Add("a: &x |\n  b\n? c\n: *x\n<<: !!d\n---\n- \"e")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Parse("f.yaml", []byte(text))
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				if !strings.HasPrefix(line, "f.yaml:") {
					t.Errorf("the error %q names no file", line)
				}
			}
			return
		}
		flags, _ := testFlags()
		if _, err := file.Apply(Settings{Flags: flags}); err != nil && !strings.HasPrefix(err.Error(), "f.yaml:") {
			t.Errorf("the error %q names no file", err)
		}
		for _, e := range file.Entries {
			if e.At.Line < 1 || e.At.Column < 1 {
				t.Errorf("%q is at %v", e.Key, e.At)
			}
		}
	})
}

// Whatever a flag's value is, what is written is read as it.
func FuzzScalar(f *testing.F) {
	for _, s := range []string{
		"", "a", "007", "true", "~", "null", "a: b", "a #b", "[1]", "1m:50/s,2m:0", "- x",
		"*a", "é\n\t\"'", "a>b for 1s", "%", "@x", "1:2",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !strings.Contains(s, "\ufffd") && strings.ToValidUTF8(s, "\ufffd") != s || len(s) > 1000 {
			return
		}
		file, err := Parse("", []byte("k: "+Scalar(s)+"\n"))
		if err != nil || len(file.Entries) != 1 || file.Entries[0].Value.Text != s {
			t.Errorf("%q is written %s and read %v, %v", s, Scalar(s), file, err)
		}
	})
}
