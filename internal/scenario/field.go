package scenario

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Field names a value that the user chooses: a field of a [Scenario], or a setting of the run around it. A command line
// has a flag for each field, a form would have an input.
type Field string

// Fields returns all fields that messages can name.
func Fields() []Field {
	return []Field{
		"api_key", "api_key_file", "api_key_variable", "arrival", "audio_dir", "audio_size", "busy_hour", "ca_cert",
		"client_cert", "client_key", "clients", "connections", "day_curve", "duplicate_ratio", "duplicate_window",
		"duration", "guide", "insecure", "keep_alive", "max_concurrent", "preset", "prime", "prime_max", "ramp_up",
		"rate", "real_clients", "replay", "resolve", "retries", "server_name", "sites", "speed", "stages", "systems",
		"talkgroups", "think_time", "time_scale", "timeout", "units", "url", "verify", "warm_up", "with_server", "zipf",
	}
}

// Message is a text for people in which the names of fields stand in braces, as in "{rate} must be more than 0, not
// -1"; two opening braces stand for one that is shown. The program that shows the message puts in the names that its
// users know.
type Message string

// Messagef formats a Message. Only the format names fields: braces in what an argument comes to, which may be from
// outside, are shown as they are.
func Messagef(format string, args ...any) Message {
	if false {
		_ = fmt.Sprintf(format, args...) // so that vet checks the format
	}
	verbatim := make([]any, len(args))
	for i, a := range args {
		verbatim[i] = verbatimArg{a}
	}
	return Message(fmt.Sprintf(format, verbatim...))
}

// verbatimArg is an argument whose braces are doubled in a Message.
type verbatimArg struct{ any }

// Format implements fmt.Formatter.
func (a verbatimArg) Format(s fmt.State, verb rune) {
	_, _ = io.WriteString(s, strings.ReplaceAll(fmt.Sprintf(fmt.FormatString(s, verb), a.any), "{", "{{"))
}

// String writes the message with the plain names of the fields.
func (m Message) String() string {
	return m.Name(func(f Field) string { return strings.ReplaceAll(string(f), "_", " ") })
}

// Name writes the message with the names that a function gives to the fields.
func (m Message) Name(name func(Field) string) string {
	var b strings.Builder
	text := string(m)
	for {
		before, rest, ok := strings.Cut(text, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		if after, ok := strings.CutPrefix(rest, "{"); ok { // a brace of an argument
			b.WriteByte('{')
			text = after
			continue
		}
		if field, after, ok := strings.Cut(rest, "}"); ok && slices.Contains(Fields(), Field(field)) {
			b.WriteString(name(Field(field)))
			text = after
			continue
		}
		b.WriteByte('{')
		text = rest
	}
}

// FieldError is a value that a field cannot have.
type FieldError struct {
	Field   Field
	Problem Message // a sentence about the field
}

func (e *FieldError) Error() string { return e.Problem.String() }

// problems collects the problems of a scenario.
type problems []error

// check adds a problem with a field if something is wrong.
func (p *problems) check(wrong bool, field Field, format string, args ...any) {
	if wrong {
		*p = append(*p, &FieldError{Field: field, Problem: Messagef(format, args...)})
	}
}
