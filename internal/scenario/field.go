package scenario

import (
	"fmt"
	"slices"
	"strings"
)

// Field names something that the user can ask for: most are of a [Scenario], some of its target. A command line has a
// flag for each, a form would have an input.
type Field string

// Fields are all that messages of this package, and of those that send the load, can name.
func Fields() []Field {
	return []Field{
		"api_key", "api_key_file", "api_key_variable", "arrival", "audio_dir", "audio_size", "busy_hour", "ca_cert", "clients",
		"connections", "day_curve", "duplicate_ratio", "duplicate_window", "duration", "guide", "insecure", "max_concurrent",
		"preset", "prime", "ramp_up", "rate", "replay", "retries", "sites", "speed", "stages", "systems", "talkgroups",
		"think_time", "time_scale", "timeout", "units", "url", "warm_up", "with_server", "zipf",
	}
}

// Message is a text for people that names fields, each in braces: "{rate} must be more than 0, not -1". Whoever shows
// it says what the fields are called there.
type Message string

// Messagef formats a Message.
func Messagef(format string, args ...any) Message { return Message(fmt.Sprintf(format, args...)) }

// String writes the message in words, for those who know no other names.
func (m Message) String() string {
	return m.Name(func(f Field) string { return strings.ReplaceAll(string(f), "_", " ") })
}

// Name writes the message with the names that fields have somewhere.
func (m Message) Name(name func(Field) string) string {
	var b strings.Builder
	text := string(m)
	for {
		before, rest, ok := strings.Cut(text, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
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

// FieldError says what is wrong with the value of a field.
type FieldError struct {
	Field   Field
	Problem Message // a sentence
}

func (e *FieldError) Error() string { return e.Problem.String() }

// problems collects what is wrong with a scenario.
type problems []error

// check adds a problem with a field's value if there is one.
func (p *problems) check(wrong bool, field Field, format string, args ...any) {
	if wrong {
		*p = append(*p, &FieldError{Field: field, Problem: Messagef(format, args...)})
	}
}
