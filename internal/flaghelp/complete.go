package flaghelp

import (
	"strings"
	"unicode"

	"github.com/spf13/cobra"
)

// completion returns what completes the flag's value, or nil for a switch.
func (d Flag) completion() cobra.CompletionFunc {
	switch alternatives := d.alternatives(); {
	case d.Value == "":
		return nil
	case d.Value == typeFile || strings.HasPrefix(d.Value, typeFile+"|"):
		return Files(d.Extensions...)
	case d.Value == typeFolder:
		return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		}
	case strings.HasPrefix(d.Value, typeFolder+"|"):
		return Files()
	case d.Values != nil:
		return completeValues(d.Values, strings.Contains(d.Value, ",…"))
	case len(alternatives) > 0:
		return Words(func() []string { return alternatives })
	default:
		return cobra.NoFileCompletions
	}
}

// Files completes the names of files with one of the extensions, or of any file if there are none.
func Files(extensions ...string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(extensions) == 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return extensions, cobra.ShellCompDirectiveFilterFileExt
	}
}

// alternatives are the values that Value names, each up to where it stands for something else: "pid:" of pid:N.
func (d Flag) alternatives() (values []string) {
	text := strings.TrimSuffix(strings.TrimPrefix(d.Value, "[="), "]")
	if !strings.Contains(text, "|") {
		return nil
	}
	for value := range strings.SplitSeq(text, "|") {
		if at := strings.IndexFunc(value, unicode.IsUpper); at >= 0 {
			value = value[:at]
		}
		if value != "" && value != typeDuration {
			values = append(values, value)
		}
	}
	return values
}

// Words completes one of some words.
func Words(words func() []string) cobra.CompletionFunc { return completeValues(words, false) }

// completeValues offers values. In a list, it completes what follows the last comma. A value that ends in a sign such
// as = is to be continued, so no space follows it.
func completeValues(values func() []string, list bool) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		before := ""
		if list {
			before = typed[:strings.LastIndexByte(typed, ',')+1]
		}
		directive := cobra.ShellCompDirectiveNoFileComp
		if list {
			directive |= cobra.ShellCompDirectiveNoSpace
		}
		var offered []cobra.Completion
		for _, value := range values() {
			value = before + value
			if !strings.HasPrefix(value, typed) {
				continue
			}
			if strings.ContainsRune("=:/<>", rune(value[len(value)-1])) {
				directive |= cobra.ShellCompDirectiveNoSpace
			}
			offered = append(offered, value)
		}
		return offered, directive
	}
}
