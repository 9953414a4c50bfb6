package load

import (
	"strings"
	"testing"
)

func TestCheckLimits(t *testing.T) {
	s := testScenario()
	if warning, err := s.CheckLimits(); err != nil || warning != "" {
		t.Errorf("4 connections: %q, %v", warning, err)
	}
	if err := checkFiles(1 << 40); err != nil && !strings.Contains(err.Error(), "ulimit -n") {
		t.Errorf("a million million connections: %v", err)
	}
	s.NoKeepAlive, s.URL = true, "http://scanner.example"
	warning, err := s.CheckLimits()
	if _, known := ephemeralPorts(); err != nil || known != strings.Contains(warning, "has ports for about") {
		t.Errorf("one connection for each call, as fast as it goes: %q, %v", warning, err)
	}
	s.Rate = 1
	if warning, err := s.CheckLimits(); err != nil || warning != "" {
		t.Errorf("one connection a second: %q, %v", warning, err)
	}
}
