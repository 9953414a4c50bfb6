package discover

import (
	"strings"
	"unicode"
)

// option returns the value of the last option with one of some names, as Go's flags (-name value, --name=value) and
// Python's argparse (-n value, --name value) write it.
func option(args []string, names ...string) (value string, ok bool) {
	for i, arg := range args {
		name, dashed := strings.CutPrefix(arg, "-")
		name = strings.TrimPrefix(name, "-")
		if !dashed {
			continue
		}
		name, attached, hasValue := strings.Cut(name, "=")
		for _, want := range names {
			switch {
			case name != want:
			case hasValue:
				value, ok = attached, true
			case i+1 < len(args):
				value, ok = args[i+1], true
			}
		}
	}
	return value, ok
}

// parseINI parses the keys of an INI file before any section or in its section DEFAULT, as rdio-scanner does: "#" and
// ";" start a comment anywhere outside of quotes.
func parseINI(text string) map[string]string {
	keys := make(map[string]string)
	inside := true
	for line := range strings.Lines(strings.TrimPrefix(text, "\uFEFF")) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if line[0] == '[' {
			name, _, _ := strings.Cut(line[1:], "]")
			inside = name == "DEFAULT"
			continue
		}
		i := strings.IndexAny(line, "=:")
		if i <= 0 || !inside {
			continue
		}
		keys[strings.Trim(strings.TrimSpace(line[:i]), "\"`")] = valueINI(line[i+1:])
	}
	return keys
}

// valueINI parses a value: the text in quotes, or else the text up to a comment.
func valueINI(text string) string {
	text = strings.TrimSpace(text)
	for _, quote := range []string{`"""`, "`"} {
		if rest, ok := strings.CutPrefix(text, quote); ok {
			if end := strings.LastIndex(rest, quote); end >= 0 {
				return rest[:end]
			}
		}
	}
	if i := strings.IndexAny(text, "#;"); i >= 0 {
		text = strings.TrimSpace(text[:i])
	}
	for _, quote := range []string{`"`, `'`} {
		if n := len(text); n >= 2 && text[:1] == quote && strings.Index(text[1:], quote) == n-2 {
			return text[1 : n-1]
		}
	}
	return text
}

// parseEnv parses a file of variables (.env), as the shell and the libraries of that name do: NAME=value, with or
// without "export", in quotes or not, and with ${NAME} for earlier variables.
func parseEnv(text string) map[string]string {
	variables := make(map[string]string)
	for line := range strings.Lines(strings.TrimPrefix(text, "\uFEFF")) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "export "); ok {
			line = strings.TrimSpace(rest)
		}
		i := strings.IndexAny(line, "=:")
		if i <= 0 || line[0] == '#' {
			continue
		}
		variables[strings.TrimSpace(line[:i])] = valueEnv(strings.TrimSpace(line[i+1:]), variables)
	}
	return variables
}

// valueEnv parses the value of a variable.
func valueEnv(text string, variables map[string]string) string {
	if text == "" {
		return ""
	}
	switch quote := text[:1]; quote {
	case `'`, `"`:
		end := strings.Index(text[1:], quote)
		if end < 0 {
			break
		}
		value := text[1 : 1+end]
		if quote == `"` {
			value = expand(value, variables)
		}
		return value
	}
	for i, c := range text { // a comment begins after a space
		if c == '#' && (i == 0 || unicode.IsSpace(rune(text[i-1]))) {
			text = strings.TrimSpace(text[:i])
			break
		}
	}
	return expand(text, variables)
}

// expand replaces ${NAME} and $NAME by the values of variables.
func expand(text string, variables map[string]string) string {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "$")
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		name := rest
		if inner, braced := strings.CutPrefix(rest, "{"); braced {
			if name, text, ok = strings.Cut(inner, "}"); ok {
				out.WriteString(variables[name])
				continue
			}
			name = ""
		} else {
			other := func(c rune) bool { return c != '_' && !unicode.IsLetter(c) && !unicode.IsDigit(c) }
			if end := strings.IndexFunc(rest, other); end >= 0 {
				name = rest[:end]
			}
		}
		if name == "" {
			out.WriteByte('$')
		}
		out.WriteString(variables[name])
		text = rest[len(name):]
	}
}

// plain returns foreign text without control characters.
func plain(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return unicode.ReplacementChar
	}, text)
}
