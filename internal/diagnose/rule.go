package diagnose

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"rdiostress/internal/field"
)

// Rule says which signals show a problem. It has the form of the files in the folder rules.
type Rule struct {
	ID         string      `yaml:"id"`          // also the name of the file
	Title      string      `yaml:"title"`       // the problem, as a sentence without a full stop
	GuidePhase int         `yaml:"guide_phase"` // of the fix: 1, 2 or 3
	Certainty  Certainty   `yaml:"certainty"`   // of the finding
	When       []Condition `yaml:"when"`        // all must hold
	Any        []Condition `yaml:"any"`         // and one of these, if there are any
	Unless     []Condition `yaml:"unless"`      // and none of these
	CertainIf  []Condition `yaml:"certain_if"`  // if all of these hold too, the finding is certain
	Explains   []string    `yaml:"explains"`    // rules whose findings only follow from this one
	Names      []string    `yaml:"names"`       // failures that the finding accounts for: classes, statuses, or 5xx
	// lines with {signals}, each left out if a signal is; {signal*} is all its lines
	Evidence []string `yaml:"evidence"`
	// may have {field:NAME}s and signals; those that were not observed are left out
	Fix   string `yaml:"fix"`
	Cases []Case `yaml:"cases"` // tests of the rule
}

// Case is one test of a rule, alone.
type Case struct {
	Name    string             `yaml:"name"`
	Signals map[string]float64 `yaml:"signals"`
	Found   bool               `yaml:"found"`
}

// Condition compares a signal with a number, such as "pool_usage_mean >= 0.9".
type Condition struct {
	signal string
	op     string
	limit  float64
}

// ops lists the comparisons of conditions.
const ops = "< <= > >="

// UnmarshalYAML reads a condition.
func (c *Condition) UnmarshalYAML(text []byte) error {
	var line string
	if err := yaml.Unmarshal(text, &line); err != nil {
		return err
	}
	words := strings.Fields(line)
	if len(words) != 3 || !slices.Contains(strings.Fields(ops), words[1]) {
		return fmt.Errorf("%q is not a condition; write a signal, one of %s, and a number", line, ops)
	}
	limit, err := strconv.ParseFloat(words[2], 64)
	if err != nil {
		return fmt.Errorf("%q: %q is not a number", line, words[2])
	}
	*c = Condition{words[0], words[1], limit}
	return nil
}

// holds reports whether the signal was observed and the comparison is true.
func (c Condition) holds(s Signals) bool {
	v, ok := s[c.signal]
	if !ok {
		return false
	}
	switch c.op {
	case "<":
		return v.Value < c.limit
	case "<=":
		return v.Value <= c.limit
	case ">":
		return v.Value > c.limit
	default:
		return v.Value >= c.limit
	}
}

//go:embed rules/*.yaml
var files embed.FS

// Rules returns all rules, the most serious phase of the guide first.
func Rules() ([]Rule, error) {
	names, err := fs.Glob(files, "rules/*.yaml")
	if err != nil {
		return nil, err
	}
	var rules []Rule
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		rule, err := parseRule(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path.Base(name), err)
		}
		rules = append(rules, rule)
	}
	slices.SortStableFunc(rules, func(a, b Rule) int { return cmp.Compare(a.GuidePhase, b.GuidePhase) })
	return rules, nil
}

func parseRule(text []byte) (Rule, error) {
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return Rule{}, err
	}
	if len(tree.Docs) != 1 || tree.Docs[0].Body == nil {
		return Rule{}, errors.New("a rule is one YAML document")
	}
	body := tree.Docs[0].Body
	if len(ast.Filter(ast.TagType, body)) > 0 { // the library cannot handle tags everywhere
		return Rule{}, errors.New("a rule has no YAML tags")
	}
	var r Rule
	err = yaml.NodeToValue(body, &r, yaml.Strict())
	r.Fix = strings.Join(strings.Fields(r.Fix), " ")
	return r, err
}

// holds reports whether the signals show the problem.
func (r *Rule) holds(s Signals) bool {
	return all(r.When, s) &&
		(len(r.Any) == 0 || slices.ContainsFunc(r.Any, func(c Condition) bool { return c.holds(s) })) &&
		!slices.ContainsFunc(r.Unless, func(c Condition) bool { return c.holds(s) })
}

func all(conditions []Condition, s Signals) bool {
	for _, c := range conditions {
		if !c.holds(s) {
			return false
		}
	}
	return true
}

// finding returns what the rule says of signals that show the problem.
func (r *Rule) finding(s Signals, names field.Namer) Finding {
	f := Finding{ID: r.ID, Title: r.Title, Certainty: r.Certainty, GuidePhase: r.GuidePhase}
	fix, _ := fill(r.Fix, s, names)
	f.Fix = strings.TrimSpace(fix)
	if len(r.CertainIf) > 0 && all(r.CertainIf, s) {
		f.Certainty = Certain
	}
	for _, line := range r.Evidence {
		if name, ok := strings.CutSuffix(strings.Trim(line, "{}"), "*"); ok {
			f.Evidence = append(f.Evidence, s[name].Lines...)
			continue
		}
		if text, ok := fill(line, s, names); ok {
			f.Evidence = append(f.Evidence, text)
		}
	}
	return f
}

// fill replaces names in braces by their signals, and returns false if one was not observed. "{name?}" stands for the
// note of a signal, and "{field:NAME}" for what the user calls a field.
func fill(line string, s Signals, names field.Namer) (string, bool) {
	ok := true
	text := placeholder.ReplaceAllStringFunc(line, func(name string) string {
		name = strings.Trim(name, "{}")
		if f, ok := strings.CutPrefix(name, fieldPrefix); ok {
			return names.Name(field.Name(f))
		}
		note := strings.HasSuffix(name, "?")
		signal, there := s[strings.TrimSuffix(name, "?")]
		ok = ok && there && (!note || signal.Note != "")
		if note || !there {
			return signal.Note
		}
		return signal.String()
	})
	return text, ok
}

// fieldPrefix begins the name of a field in a text of a rule.
const fieldPrefix = "field:"

var placeholder = regexp.MustCompile(`\{(` + fieldPrefix + `)?[a-z0-9_]+[?*]?\}`)
