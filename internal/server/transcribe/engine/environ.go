package engine

import (
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// secretWords are words in the names of variables that hold secrets.
func secretWords() []string {
	return []string{
		"KEY", "KEYS", "APIKEY", "TOKEN", "PASSWORD", "PASSWD", "PASS", "PWD", "SECRET", "SECRETS", "DSN", "CREDENTIAL",
		"CREDENTIALS", "AUTH", "COOKIE",
	}
}

// hasPassword finds a user and a password before a host, and the password of a connection string.
var hasPassword = regexp.MustCompile(`://[^/\s]*@|(?i)\b(password|passwd|pwd|secret|token|api_?key)\s*=`)

// withoutSecrets returns an environment without the variables that may hold secrets: a command is not the server, and
// what it starts may write its environment into a log.
func withoutSecrets(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(entry string) bool {
		name, value, _ := strings.Cut(entry, "=")
		return mayBeSecret(strings.ToUpper(name), value)
	})
}

// mayBeSecret reports whether a variable may hold a secret.
func mayBeSecret(name, value string) bool {
	switch {
	case name == "PWD" || name == "OLDPWD":
		return false // working directories
	case strings.HasPrefix(name, "RDIOSTRESS_"), strings.HasPrefix(name, "PG"), hasPassword.MatchString(value):
		return true
	}
	return slices.ContainsFunc(strings.Split(name, "_"), func(word string) bool {
		return slices.Contains(secretWords(), word)
	})
}

// lookup returns the value of a variable in an environment; empty: it is not set.
func lookup(env []string, name string) (value string) {
	for _, entry := range env { // the last one counts, as os/exec has it
		n, v, _ := strings.Cut(entry, "=")
		if n == name || runtime.GOOS == "windows" && strings.EqualFold(n, name) {
			value = v
		}
	}
	return value
}
