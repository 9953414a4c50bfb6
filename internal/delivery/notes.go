package delivery

import (
	"fmt"
	"slices"
	"strings"
)

// notes are texts about the calls with the lowest numbers, which are named as examples.
type notes map[uint64]string

// wants reports whether a text about a call would be kept.
func (t notes) wants(n uint64) bool {
	if len(t) < maxExamples {
		return true
	}
	for have := range t {
		if n < have {
			return true
		}
	}
	return false
}

func (t *notes) put(n uint64, text string) {
	if *t == nil {
		*t = make(notes)
	}
	(*t)[n] = text
	if len(*t) > maxExamples {
		highest := n
		for have := range *t {
			highest = max(highest, have)
		}
		delete(*t, highest)
	}
}

// causes counts the reasons why calls' audio was not compared.
type causes []cause

type cause struct {
	text  string
	calls uint64
}

const maxCauses = 5

func (s *causes) add(text string) {
	i := slices.IndexFunc(*s, func(r cause) bool { return r.text == text })
	if i < 0 && len(*s) == maxCauses {
		i = maxCauses - 1
		(*s)[i].text = "for other reasons"
	}
	if i < 0 {
		i, *s = len(*s), append(*s, cause{text: text})
	}
	(*s)[i].calls++
}

// calls returns how many calls have causes.
func (s causes) calls() (n uint64) {
	for _, c := range s {
		n += c.calls
	}
	return n
}

// describe lists the causes in one line. It leaves out the number if one cause applies to all calls.
func (s causes) describe(of uint64) string {
	var parts []string
	for _, r := range s {
		switch {
		case len(s) == 1 && r.calls >= of:
			return r.text
		case r.calls == 1:
			parts = append(parts, "1 call: "+r.text)
		default:
			parts = append(parts, fmt.Sprintf("%d calls: %s", r.calls, r.text))
		}
	}
	return strings.Join(parts, "; ")
}
