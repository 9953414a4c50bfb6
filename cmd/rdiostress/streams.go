package main

import "io"

// streams are the command's ends to the world: results go to Out; progress, logs and errors go to Err.
type streams struct {
	In       io.Reader
	Out, Err io.Writer

	OutTerminal, ErrTerminal bool // a person is looking

	Env func(name string) (value string, ok bool)
}

// env returns a variable's value, or "" where it is not set.
func (s *streams) env(name string) string {
	v, _ := s.Env(name)
	return v
}
