// Package field names the values that a user chooses, so that texts about them can be written by packages that do not
// know how the user sets them: with a flag, a key of a file or an input of a form.
//
// A text with such names is a [Message], in which they stand in braces. Whoever shows it, or puts it into a document,
// has a [Namer] write the names that its users know. An [Error] is a value that a field cannot have.
package field

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Name names a value that the user chooses: a field of a scenario, or a setting of the run around it. A command line
// has a flag for each.
type Name string

// Names returns all names that messages can have.
func Names() []Name {
	return []Name{
		"api_key", "api_key_file", "api_key_variable", "arrival", "audio_dir", "audio_size", "balance", "blob_url",
		"busy_hour", "ca_cert", "client_cert", "client_key", "clients", "connections", "data_dir", "day_curve",
		"defect", "duplicate_ratio", "duplicate_window", "duration", "guide", "insecure", "keep_alive",
		"max_concurrent", "max_rate", "preset", "prime", "prime_max", "ramp_up", "rate", "real_clients", "replay",
		"require_storage", "resolve", "retries", "server_name", "sites", "speed", "stages", "systems", "talkgroups",
		"think_time", "time_scale", "timeout", "transcripts", "transcripts_max", "units", "url", "verify",
		"verify_max", "warm_up", "watch", "watch_db", "watch_dir", "with_server", "zipf",
	}
}

// Message is a text for people in which the names of fields stand in braces, as in "{rate} must be more than 0, not
// -1"; two opening braces stand for one that is shown.
type Message string

// Messagef formats a Message. Only the format, and arguments that are Messages, name fields: braces in what another
// argument comes to, which may be from outside, are shown as they are. The verb %w is that of [fmt.Errorf].
func Messagef(format string, args ...any) Message {
	if false {
		_ = fmt.Errorf(format, args...) // so that vet checks the format
	}
	verbatim := make([]any, len(args))
	for i, a := range args {
		verbatim[i] = verbatimArg{a}
		if err, ok := a.(error); ok {
			verbatim[i] = verbatimError{verbatimArg{a}, err}
		}
	}
	return Message(fmt.Errorf(format, verbatim...).Error())
}

// verbatimArg is an argument whose braces are doubled in a Message.
type verbatimArg struct{ any }

// Format implements fmt.Formatter.
func (a verbatimArg) Format(s fmt.State, verb rune) {
	if m, ok := a.any.(Message); ok {
		_, _ = fmt.Fprintf(s, fmt.FormatString(s, verb), string(m))
		return
	}
	_, _ = io.WriteString(s, strings.ReplaceAll(fmt.Sprintf(fmt.FormatString(s, verb), a.any), "{", "{{"))
}

// verbatimError is an argument for the verb %w.
type verbatimError struct {
	verbatimArg
	error
}

// String writes the message with the plain names of the fields.
func (m Message) String() string { return Namer(nil).Text(m) }

// Namer returns what users call a field. A nil Namer returns its plain name.
type Namer func(Name) string

// Name returns what users call a field.
func (n Namer) Name(f Name) string {
	if n == nil {
		return strings.ReplaceAll(string(f), "_", " ")
	}
	return n(f)
}

// Describe writes an error; the problem of an [Error], with what users call its fields.
func (n Namer) Describe(err error) string {
	if e, ok := err.(*Error); ok {
		return n.Text(e.Problem)
	}
	return err.Error()
}

// Textf formats a message and writes it; see [Messagef].
func (n Namer) Textf(format string, args ...any) string { return n.Text(Messagef(format, args...)) }

// Text writes a message.
func (n Namer) Text(m Message) string {
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
		if name, after, ok := strings.Cut(rest, "}"); ok && slices.Contains(Names(), Name(name)) {
			b.WriteString(n.Name(Name(name)))
			text = after
			continue
		}
		b.WriteByte('{')
		text = rest
	}
}

// Error is a value that a field cannot have.
type Error struct {
	Field   Name
	Problem Message // a sentence about the field
	Err     error   // the cause; nil if the problem says it all
}

// Errorf returns an Error about a field. Its cause is the argument of the verb %w; see [Messagef].
func Errorf(f Name, format string, args ...any) *Error {
	return &Error{Field: f, Problem: Messagef(format, args...), Err: errors.Unwrap(fmt.Errorf(format, args...))}
}

// Error writes the problem with the plain names of the fields.
func (e *Error) Error() string { return e.Problem.String() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
