package threshold

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The kinds of tokens.
const (
	end    = iota
	word   // letters, digits and underscores
	quoted // a text between quotation marks, without these
	mark   // an operator, or any other character
)

type token struct {
	kind    int
	text    string
	offset  int // in the expression
	problem string
}

// lexer divides an expression into tokens.
type lexer struct {
	text string
	at   int // where the next token is looked for
	from int // where the last one began
}

// next returns the next token.
func (l *lexer) next() token {
	rest := l.text[l.at:]
	trimmed := strings.TrimLeftFunc(rest, unicode.IsSpace)
	l.at += len(rest) - len(trimmed)
	l.from, rest = l.at, trimmed
	if rest == "" {
		return token{kind: end, text: "the end", offset: l.from}
	}
	first, size := utf8.DecodeRuneInString(rest)
	t := token{kind: mark, text: rest[:size], offset: l.from}
	length := size
	switch {
	case isWord(first):
		t.kind, t.text = word, rest[:wordLength(rest)]
		length = len(t.text)
	case first == '"' || first == '\'':
		inside, _, closed := strings.Cut(rest[1:], rest[:1])
		if !closed {
			t.problem = "this quotation mark is not closed"
		}
		t.kind, t.text, length = quoted, inside, min(len(inside)+2, len(rest))
	case strings.ContainsRune("<>=!", first) && strings.HasPrefix(rest[size:], "="):
		t.text, length = rest[:2], 2
	}
	l.at += length
	return t
}

// raw returns the text from the last token on.
func (l *lexer) raw() string { return l.text[l.from:] }

// skip goes to the token that begins so many bytes behind the beginning of the last one.
func (p *parser) skip(n int) {
	p.at = p.from + n
	p.next()
}

func isWord(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

func wordLength(s string) int {
	i := strings.IndexFunc(s, func(r rune) bool { return !isWord(r) })
	if i < 0 {
		return len(s)
	}
	return i
}

// splitWord returns the part of a text up to the first space.
func splitWord(s string) string {
	if i := strings.IndexFunc(s, unicode.IsSpace); i >= 0 {
		return s[:i]
	}
	return s
}
