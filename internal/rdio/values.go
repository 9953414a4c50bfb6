package rdio

import "slices"

// values are the fields of a form, by name: so few that looking through them is quicker than a map, and making them
// cheaper.
type values []struct{ name, value string }

func (v values) index(name string) int {
	for i := range v {
		if v[i].name == name {
			return i
		}
	}
	return -1
}

// get returns a field's value; "" without one.
func (v values) get(name string) string {
	if i := v.index(name); i >= 0 {
		return v[i].value
	}
	return ""
}

func (v *values) set(name, value string) {
	if i := v.index(name); i >= 0 {
		(*v)[i].value = value
		return
	}
	*v = append(*v, struct{ name, value string }{name, value})
}

func (v *values) remove(name string) {
	if i := v.index(name); i >= 0 {
		*v = slices.Delete(*v, i, i+1)
	}
}
