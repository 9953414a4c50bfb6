package threshold

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"rdiostress/internal/nearest"
	"rdiostress/internal/schedule"
)

// Language is what a use of the language takes.
type Language struct {
	Figures []string // those that can be limited; nil is all
	Ops     []string // nil is all
	Parts   bool     // labels, aggregates, windows and phases
	For     bool     // an expression ends with how long it has to hold
	Example string   // for errors
}

// Thresholds is the language of thresholds of a run.
func Thresholds() Language { return Language{Parts: true, Example: "p95_response_time_s < 2s"} }

// Parse reads an expression. The error is a [*SyntaxError].
func (l Language) Parse(text string) (Rule, error) {
	p := &parser{lexer: lexer{text: text}, language: l}
	p.next()
	p.expression()
	if p.err != nil {
		return Rule{}, p.err
	}
	return p.rule, nil
}

// parser reads one expression, by recursive descent. After the first error it reads no more.
type parser struct {
	lexer
	language Language
	token    token
	rule     Rule
	figure   Figure
	err      error
}

// next goes to the next token.
func (p *parser) next() {
	p.token = p.lexer.next()
	if p.token.problem != "" {
		p.fail(p.token, "%s", p.token.problem)
	}
}

// fail records what is wrong with a token, if nothing was wrong before.
func (p *parser) fail(at token, format string, args ...any) {
	if p.err == nil {
		p.err = &SyntaxError{Text: p.text, Offset: at.offset, Problem: fmt.Sprintf(format, args...)}
	}
}

// take goes on if the token is the given sign.
func (p *parser) take(sign string) bool {
	if p.err != nil || p.token.kind != mark || p.token.text != sign {
		return false
	}
	p.next()
	return true
}

func (p *parser) expression() {
	p.subject()
	p.operator()
	p.limit()
	for p.err == nil && p.token.kind != end {
		p.ending()
	}
	if p.err == nil && p.language.For && p.rule.For == 0 {
		p.fail(p.token, "it lacks for how long, such as for 10s; write one such as '%s'", p.language.Example)
	}
}

// subject reads the figure, its labels and its aggregate.
func (p *parser) subject() {
	at := p.token
	if p.err == nil && at.kind != word {
		p.fail(at, "a figure must stand here; write one such as '%s'", p.language.Example)
	}
	known := p.names()
	if p.err != nil {
		return
	}
	f, ok := Named(at.text)
	if !ok || !slices.Contains(known, at.text) {
		p.fail(at, "%s", p.unknown("figure", at.text, known))
		return
	}
	p.figure, p.rule.Figure, p.rule.Unit = f, f.Name, f.Unit
	p.next()
	if brace := p.token; p.take("{") {
		p.labels(brace)
	}
	p.aggregate()
}

// names returns the figures that the language has.
func (p *parser) names() []string {
	if p.language.Figures != nil {
		return p.language.Figures
	}
	var list []string
	for _, f := range Figures() {
		list = append(list, f.Name)
	}
	return list
}

// unknown says that there is no such name, and which one may have been meant.
func (p *parser) unknown(what, name string, known []string) string {
	text := fmt.Sprintf("there is no %s %q", what, name)
	if near := nearest.Name(name, known); near != "" {
		return text + fmt.Sprintf("; did you mean %s?", near)
	}
	if len(known) > 16 {
		return text + fmt.Sprintf("; write one such as '%s'", p.language.Example)
	}
	return text + ", only " + strings.Join(known[:len(known)-1], ", ") + " and " + known[len(known)-1]
}

// labels reads what stands between braces.
func (p *parser) labels(brace token) {
	if !p.language.Parts || !p.figure.Labelled() {
		p.fail(brace, "%s takes no labels here", p.figure.Name)
	}
	for p.err == nil {
		name := p.token
		if name.kind != word || name.text != "class" && name.text != "status" {
			p.fail(name, `a label must stand here: class="timeout" or status="503"`)
			return
		}
		if slices.ContainsFunc(p.rule.Labels, func(l Label) bool { return l.Name == name.text }) {
			p.fail(name, "the label %s is there twice", name.text)
		}
		p.next()
		if !p.take("=") {
			p.fail(p.token, "= must stand here, and then the value in quotation marks")
		}
		value := p.token
		p.labelValue(name.text, value)
		p.next()
		if p.take("}") {
			return
		}
		if !p.take(",") {
			p.fail(p.token, "} must stand here")
		}
	}
}

func (p *parser) labelValue(name string, value token) {
	switch {
	case value.kind != quoted:
		p.fail(value, `the value of a label stands in quotation marks: class="timeout"`)
	case name == "class" && !slices.Contains(Classes(), value.text):
		p.fail(value, "%s", p.unknown("class of failures", value.text, Classes()))
	case name == "status" && (len(value.text) != 3 || strings.Trim(value.text, "0123456789") != ""):
		p.fail(value, "%q is no HTTP status, such as 503", value.text)
	}
	p.rule.Labels = append(p.rule.Labels, Label{name, value.text})
}

// aggregate reads how the values of a figure of the server become one. Only these figures have it, and all of them.
func (p *parser) aggregate() {
	at := p.token
	isWord := at.kind == word
	switch {
	case p.err != nil:
	case p.figure.Kind == Server && !isWord:
		p.fail(at, "%s has a value for each second: say which one counts, such as %s max", p.figure.Name, p.figure.Name)
	case p.figure.Kind == Server && !slices.Contains(Aggregates(), at.text):
		p.fail(at, "%s", p.unknown("aggregate", at.text, Aggregates()))
	case p.figure.Kind == Server:
		p.rule.Aggregate = at.text
		p.next()
	case isWord && slices.Contains(Aggregates(), at.text):
		p.fail(at, "%s is one value: %s is for figures of the server", p.figure.Name, at.text)
	}
}

// Ops returns the operators.
func Ops() []string { return []string{"<", "<=", ">", ">=", "==", "!="} }

func (p *parser) operator() {
	if p.err != nil {
		return
	}
	ops := p.language.Ops
	if ops == nil {
		ops = Ops()
	}
	switch at := p.token; {
	case at.kind == mark && slices.Contains(ops, at.text):
		p.rule.Op = at.text
		p.next()
	case at.kind == mark && at.text == "=" && slices.Contains(ops, "=="):
		p.fail(at, "= is no comparison; did you mean ==?")
	default:
		p.fail(at, "one of %s must stand here; write one such as '%s'", strings.Join(ops, " "), p.language.Example)
	}
}

// limit reads the number and the unit that may stand behind it.
func (p *parser) limit() {
	if p.err != nil {
		return
	}
	// A number is read from the text: to the lexer, 2s is a word, and so is inf.
	number, unit := splitNumber(p.raw())
	at := p.token
	if number == "" {
		p.fail(at, "a number must stand here; write one such as '%s'", p.language.Example)
		return
	}
	v, ok := parseNumber(number)
	if !ok {
		p.fail(at, "%s is no number that figures can be compared with", number)
		return
	}
	p.skip(len(number))
	unitAt := p.token
	if unit == "" && p.standsUnit() {
		unit = splitWord(p.raw())
	}
	if unit != "" {
		var problem string
		if v, problem = inUnit(v, unit, p.figure.Unit); problem != "" {
			p.fail(unitAt, "%s", problem)
			return
		}
		p.skip(len(unit))
	}
	if math.IsInf(v, 0) {
		p.fail(at, "%s%s is too large", number, unit)
	}
	p.rule.Limit = v
}

// standsUnit reports whether the token is a unit behind a space.
func (p *parser) standsUnit() bool {
	switch p.token.kind {
	case word:
		return !slices.Contains([]string{"over", "for", "in"}, p.token.text)
	case mark:
		return p.token.text == "%" || p.token.text == "/"
	default:
		return false
	}
}

// ending reads one of what may follow the limit.
func (p *parser) ending() {
	at := p.token
	var given bool
	switch {
	case at.kind == word && at.text == "for" && p.language.For:
		given = p.rule.For != 0
		p.rule.For = p.duration()
	case at.kind == word && at.text == "over" && p.language.Parts:
		given = p.rule.Over != 0
		p.part(at, "windows")
		p.rule.Over = p.duration()
	case at.kind == word && at.text == "in" && p.language.Parts:
		given = p.rule.Phase != ""
		p.part(at, "phases")
		p.phase()
	case at.kind == word && at.text == "for" && p.language.Parts:
		p.fail(at, "for is of rules that end a run early; over 10s asks that it holds in every 10 s")
	default:
		p.fail(at, "%q is not expected here%s", at.text, p.endings())
	}
	if given {
		p.fail(at, "%s is there twice", at.text)
	}
}

// endings says what may follow a limit.
func (p *parser) endings() string {
	switch {
	case p.language.For:
		return ", only for 10s"
	case p.language.Parts:
		return `, only over 10s and in phase "sustained"`
	default:
		return ""
	}
}

// part fails for a figure that a part of a run does not have.
func (p *parser) part(at token, what string) {
	if p.figure.Whole() {
		p.fail(at, "%s is known of the whole run, not of its %s", p.figure.Name, what)
	}
}

// duration reads a time behind the word before it.
func (p *parser) duration() time.Duration {
	p.next()
	at := p.token
	text := splitWord(p.raw())
	if text == "" {
		p.fail(at, "a time must stand here, such as 10s")
		return 0
	}
	d, err := schedule.ParseDuration(text)
	switch {
	case err != nil:
		p.fail(at, "%v", err)
	case d < time.Second:
		p.fail(at, "figures are of whole seconds, so the time must be 1s or more")
	}
	p.skip(len(text))
	return d
}

func (p *parser) phase() {
	p.next()
	if p.token.kind != word || p.token.text != "phase" {
		p.fail(p.token, `phase must stand here, and then its name: in phase "sustained"`)
	}
	p.next()
	if p.token.kind != quoted || p.token.text == "" {
		p.fail(p.token, `the name of a phase stands in quotation marks: in phase "sustained"`)
	}
	p.rule.Phase = p.token.text
	p.next()
}
