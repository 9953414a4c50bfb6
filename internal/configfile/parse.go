package configfile

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// What a scenario may have at most. No scenario comes near, and the YAML parser takes very long over deep nesting.
const (
	maxBytes    = 64 << 10
	maxBrackets = 500
)

// File is a scenario file that was read.
type File struct {
	Name    string // for messages
	Entries []Entry
}

// Entry is a key and what it is set to.
type Entry struct {
	Key   string
	At    Position // of the key
	Value Value
}

// Position is a place in the file, counted from 1.
type Position struct{ Line, Column int }

// Value is what a key is set to: a text, a list or a map.
type Value struct {
	At     Position
	Kind   Kind
	Text   string // of a Text: as it was written, without quotes
	Quoted bool   // whether the Text was in quotes, and so is no number and no truth value
	List   []Value
	Map    []Entry
}

// Kind is what a Value is.
type Kind int

// The kinds.
const (
	Text Kind = iota
	List
	Map
)

// Parse reads a scenario. The name is what messages call the file. The error says everything that is wrong with the
// file's form, a line each; the first syntax error is the only one that can be told.
func Parse(name string, text []byte) (*File, error) {
	p := &reader{name: name}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if err := checkText(name, text); err != nil {
		return nil, err
	}
	parsed, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, p.syntax(err)
	}
	f := &File{Name: name}
	for i, doc := range parsed.Docs {
		switch body := doc.Body.(type) {
		case nil, *ast.CommentGroupNode:
		case *ast.MappingNode:
			if i > 0 {
				p.wrong(at(body.GetToken()), "a scenario file has one document, and here a second one begins")
				continue
			}
			f.Entries = p.entries(body)
		default:
			p.wrong(at(body.GetToken()), "a scenario is a list of keys and values, such as rate: 50/s")
		}
	}
	return f, errors.Join(p.errs...)
}

// checkText refuses what the YAML parser had better not see.
func checkText(name string, text []byte) error {
	switch {
	case len(text) > maxBytes:
		return fmt.Errorf("%s: too large for a scenario: more than %d kB", name, maxBytes>>10)
	case !utf8.Valid(text):
		return fmt.Errorf("%s: no text in UTF-8", name)
	case bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) > maxBrackets:
		return fmt.Errorf("%s: more than %d lists and maps in brackets", name, maxBrackets)
	default:
		return nil
	}
}

// reader turns syntax trees into values and gathers what is wrong.
type reader struct {
	name string
	errs []error
}

func (p *reader) wrong(at Position, format string, args ...any) {
	p.errs = append(p.errs, located(p.name, at, format, args...))
}

// located is an error at a place in a file, in the form that editors and CI systems recognise.
func located(name string, at Position, format string, args ...any) error {
	return fmt.Errorf("%s:%d:%d: %s", name, at.Line, at.Column, fmt.Sprintf(format, args...))
}

// syntax is the YAML parser's error on one line.
func (p *reader) syntax(err error) error {
	var y yaml.Error
	if errors.As(err, &y) && y.GetToken() != nil {
		return located(p.name, at(y.GetToken()), "%s", oneLine(y.GetMessage()))
	}
	return fmt.Errorf("%s: %s", p.name, oneLine(err.Error()))
}

func oneLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

func at(t *token.Token) Position { return Position{t.Position.Line, t.Position.Column} }

// entries reads a map. Keys that come twice are wrong, also where the YAML parser lets them pass.
func (p *reader) entries(m *ast.MappingNode) []Entry {
	var entries []Entry
	seen := make(map[string]Position)
	for _, pair := range m.Values {
		key, ok := p.key(pair.Key)
		if !ok {
			continue
		}
		if first, twice := seen[key.Text]; twice {
			p.wrong(key.At, "%s comes twice: it is in line %d already", key.Text, first.Line)
			continue
		}
		seen[key.Text] = key.At
		if v, ok := p.value(key, pair.Value); ok {
			entries = append(entries, Entry{Key: key.Text, At: key.At, Value: v})
		}
	}
	return entries
}

// key reads a map's key, which must be plain text.
func (p *reader) key(n ast.Node) (Value, bool) {
	text := n.GetToken().Value
	switch n.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		if !strings.ContainsFunc(text, unicode.IsControl) {
			return Value{At: at(n.GetToken()), Text: text}, true
		}
	}
	p.wrong(at(n.GetToken()), "a key is a plain word; %q has no meaning in a scenario", text)
	return Value{}, false
}

// value reads what a key is set to.
func (p *reader) value(key Value, n ast.Node) (v Value, ok bool) {
	if n == nil || n.Type() == ast.NullType {
		p.wrong(key.At, "%s has no value: give one, or leave the key out", key.Text)
		return v, false
	}
	v.At = at(n.GetToken())
	switch n := n.(type) {
	case *ast.MappingNode:
		v.Kind, v.Map = Map, p.entries(n)
	case *ast.SequenceNode:
		v.Kind = List
		for _, item := range n.Values {
			if element, ok := p.value(key, item); ok {
				v.List = append(v.List, element)
			}
		}
	case *ast.StringNode:
		kind := n.GetToken().Type
		v.Text, v.Quoted = n.Value, kind == token.SingleQuoteType || kind == token.DoubleQuoteType
	case *ast.LiteralNode:
		v.Text, v.Quoted = strings.TrimRight(n.Value.Value, "\n"), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		v.Text = n.GetToken().Value
	default: // anchors, aliases, tags, merge keys
		p.wrong(v.At, "%s: write the value out; %q has no meaning in a scenario", key.Text, n.GetToken().Value)
		return v, false
	}
	return v, true
}
