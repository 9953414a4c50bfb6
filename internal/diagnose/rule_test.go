package diagnose

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"rdiostress/internal/field"
)

func mustRules(t *testing.T) []Rule {
	t.Helper()
	rules, err := Rules()
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

// catalogue is what signals.yaml says each signal is.
func catalogue(t *testing.T) (meaning map[string]string) {
	t.Helper()
	text, err := os.ReadFile("signals.yaml")
	if err == nil {
		err = yaml.Unmarshal(text, &meaning)
	}
	if err != nil {
		t.Fatal(err)
	}
	return meaning
}

// Each rule is tried alone with the cases in its file.
func TestRuleCases(t *testing.T) {
	for _, r := range mustRules(t) {
		t.Run(r.ID, func(t *testing.T) {
			kinds := map[bool]bool{}
			for _, c := range r.Cases {
				kinds[c.Found] = true
				s := make(Signals)
				for name, v := range c.Signals {
					s.set(name, v, Count)
				}
				if got := len(match([]Rule{r}, s, nil)) > 0; got != c.Found {
					t.Errorf("%s: found %t, want %t", c.Name, got, c.Found)
				}
			}
			if len(kinds) != 2 {
				t.Error("the file needs a case in which the rule fires and one in which it does not")
			}
		})
	}
}

func TestRulesAreComplete(t *testing.T) {
	rules := mustRules(t)
	names, err := fs.Glob(files, "rules/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, r := range rules {
		ids[r.ID] = true
	}
	for _, name := range names {
		if id := strings.TrimSuffix(path.Base(name), ".yaml"); !ids[id] {
			t.Errorf("%s does not hold the rule of its name", name)
		}
	}
	known := catalogue(t)
	for _, r := range rules {
		if r.Title == "" || r.Fix == "" || len(r.Evidence) == 0 || r.GuidePhase < 1 || r.GuidePhase > 3 ||
			strings.HasSuffix(r.Title, ".") {
			t.Errorf("%s: needs a title without a full stop, a fix, evidence and a phase from 1 to 3", r.ID)
		}
		if !slices.Contains([]Certainty{Certain, Likely, Possible}, r.Certainty) {
			t.Errorf("%s: %q is not a certainty", r.ID, r.Certainty)
		}
		if len(r.When)+len(r.Any) == 0 {
			t.Errorf("%s: has no condition", r.ID)
		}
		for _, id := range r.Explains {
			if !ids[id] {
				t.Errorf("%s: explains %q, which is not a rule", r.ID, id)
			}
		}
		for _, name := range r.signals() {
			if known[name] == "" {
				t.Errorf("%s: there is no signal %q", r.ID, name)
			}
		}
	}
}

// The documentation lists all rules, as they are.
func TestRulesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/diagnosis.md")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	for _, r := range mustRules(t) {
		fmt.Fprintf(&table, "| `%s` | %s | %d |\n", r.ID, r.Title, r.GuidePhase)
	}
	if !strings.Contains(string(text), "|---|---|---|\n"+table.String()+"\n") {
		t.Errorf("docs/diagnosis.md does not have this table of rules:\n%s", &table)
	}
}

// signals are the names of all signals that the rule mentions.
func (r *Rule) signals() (names []string) {
	for _, list := range [][]Condition{r.When, r.Any, r.Unless, r.CertainIf} {
		for _, c := range list {
			names = append(names, c.signal)
		}
	}
	for _, line := range r.Evidence {
		names = append(names, named(line)...)
	}
	names = append(names, named(r.Fix)...)
	for _, c := range r.Cases {
		for name := range c.Signals {
			names = append(names, name)
		}
	}
	return names
}

// named are the signals that a text has in braces.
func named(text string) (names []string) {
	for _, name := range placeholder.FindAllString(text, -1) {
		if strings.HasPrefix(name, "{"+fieldPrefix) {
			continue
		}
		names = append(names, strings.Trim(name, "{?*}"))
	}
	return names
}

func TestMatchLeavesOutWhatAnotherFindingExplains(t *testing.T) {
	rules := []Rule{
		{ID: "cause", When: []Condition{{"a", ">=", 1}}, Explains: []string{"effect"}},
		{ID: "effect", When: []Condition{{"b", ">=", 1}}},
	}
	ids := func(s Signals) (ids []string) {
		for _, f := range match(rules, s, nil) {
			ids = append(ids, f.ID)
		}
		return ids
	}
	both, effect := Signals{"a": {Value: 1}, "b": {Value: 1}}, Signals{"b": {Value: 1}}
	if got := ids(both); !slices.Equal(got, []string{"cause"}) {
		t.Errorf("found %v, want the cause alone", got)
	}
	if got := ids(effect); !slices.Equal(got, []string{"effect"}) {
		t.Errorf("found %v, want the effect where the cause does not show", got)
	}
	if got := ids(Signals{}); got != nil {
		t.Errorf("found %v in no signals", got)
	}
}

func TestEvidence(t *testing.T) {
	r := Rule{Evidence: []string{"took {took}", "said {said?}", "not {there}", "{said?} of {took}"}}
	f := r.finding(Signals{"took": {Value: 0.25, Unit: Seconds}, "said": {Value: 1, Unit: Truth, Note: `"busy"`}}, nil)
	want := []string{"took 250 ms", `said "busy"`, `"busy" of 250 ms`}
	if !slices.Equal(f.Evidence, want) {
		t.Errorf("evidence %q, want %q", f.Evidence, want)
	}
}

// What to do may speak of the client in use, and says nothing where that is not known.
func TestFix(t *testing.T) {
	r := Rule{Fix: "Raise {field:rate}. {client?}"}
	for note, want := range map[string]string{
		"It goes on.": "Raise --rate. It goes on.", "": "Raise --rate.",
		"It said {field:url}.": "Raise --rate. It said {field:url}.",
	} {
		s := make(Signals)
		if note != "" {
			s.setWithNote("client", 1, Truth, note)
		}
		if got := r.finding(s, flagged).Fix; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What to do begins with a sentence that fits on two lines of a terminal, where that is all that is shown.
func TestFixBeginsWithAShortSentence(t *testing.T) {
	const most = 105
	for _, r := range mustRules(t) {
		if first, _, _ := strings.Cut(r.finding(nil, flagged).Fix, ". "); len(first) > most {
			t.Errorf("%s: %d characters, over %d: %s", r.ID, len(first), most, first)
		}
	}
}

func TestParseRuleRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"unknown key":    "id: x\nwehn: []\n",
		"no condition":   "id: x\nwhen: [\"a b\"]\n",
		"no comparison":  "id: x\nwhen: [\"a == 1\"]\n",
		"no number":      "id: x\nwhen: [\"a > b\"]\n",
		"not a document": "- id\n",
		"a tag":          "id: !!str x\n",
	} {
		if _, err := parseRule([]byte(text)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func FuzzParseRule(f *testing.F) {
	names, err := fs.Glob(files, "rules/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(_ *testing.T, text []byte) {
		if r, err := parseRule(text); err == nil {
			match([]Rule{r}, Signals{"a": {Value: 1}}, nil)
		}
	})
}

// flagged names a field as a command line does.
func flagged(f field.Name) string {
	if f == "clients" {
		return "--client"
	}
	return "--" + strings.ReplaceAll(string(f), "_", "-")
}
