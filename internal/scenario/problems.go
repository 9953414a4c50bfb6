package scenario

import "rdiostress/internal/field"

// problems collects the problems of a scenario.
type problems []error

// check adds a problem with a field if something is wrong.
func (p *problems) check(wrong bool, name field.Name, format string, args ...any) {
	if wrong {
		*p = append(*p, field.Errorf(name, format, args...))
	}
}
