package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rdiostress/internal/flaghelp"
)

func shells() []string { return []string{"bash", "zsh", "fish", "powershell"} }

// newCompletionCmd takes the place of cobra's own command, which answers a shell that it does not know with its help.
func newCompletionCmd(ios *streams) *cobra.Command {
	plain := false
	cmd := &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a script that completes commands in a shell",
		Long: `Completion prints a script for a shell, which then completes commands, flags and their values.

For the current session:
  bash        source <(rdiostress completion bash)
  zsh         source <(rdiostress completion zsh)
  fish        rdiostress completion fish | source
  powershell  rdiostress completion powershell | Out-String | Invoke-Expression

For every session, write the script where the shell looks for it:
  bash        /etc/bash_completion.d/rdiostress (needs the package bash-completion)
  zsh         "${fpath[1]}/_rdiostress"
  fish        ~/.config/fish/completions/rdiostress.fish
  powershell  a file that $PROFILE runs`,
		Args: func(_ *cobra.Command, args []string) error {
			names := strings.Join(shells(), ", ")
			switch {
			case len(args) == 0:
				return usageErrorf("", "name a shell: %s", names)
			case len(args) > 1 || !slices.Contains(shells(), args[0]):
				return usageErrorf("the shells are "+names, "there is no completion for %q", strings.Join(args, " "))
			}
			return nil
		},
		ValidArgs: shells(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return writeCompletion(cmd.Root(), ios, args[0], !plain)
		},
	}
	cmd.Flags().BoolVar(&plain, "no-descriptions", false, "complete without descriptions")
	flaghelp.Describe(cmd, []flaghelp.Group{{Title: "Flags", Flags: []flaghelp.Flag{{Name: "no-descriptions"}}}})
	return cmd
}

func writeCompletion(root *cobra.Command, ios *streams, shell string, described bool) error {
	switch {
	case shell == "bash":
		return root.GenBashCompletionV2(ios.Out, described)
	case shell == "fish":
		return root.GenFishCompletion(ios.Out, described)
	case shell == "zsh" && described:
		return root.GenZshCompletion(ios.Out)
	case shell == "zsh":
		return root.GenZshCompletionNoDesc(ios.Out)
	case described:
		return root.GenPowerShellCompletionWithDesc(ios.Out)
	default:
		return root.GenPowerShellCompletion(ios.Out)
	}
}

// newHelpCmd takes the place of cobra's own command, which answers a command that it does not know with its help.
func newHelpCmd() *cobra.Command {
	return &cobra.Command{
		Use:               "help [COMMAND]",
		Short:             "Show the help of a command",
		ValidArgsFunction: completeSubcommands,
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usageErrorf(commandHint(cmd.Root(), args[0]), "there is no command %q", strings.Join(args, " "))
			}
			return about.Help()
		},
	}
}

// completeSubcommands offers the commands below the one that args lead to.
func completeSubcommands(
	cmd *cobra.Command, args []string, typed string,
) (names []cobra.Completion, directive cobra.ShellCompDirective) {
	directive = cobra.ShellCompDirectiveNoFileComp
	parent, rest, err := cmd.Root().Find(args)
	if err != nil || len(rest) > 0 {
		return nil, directive
	}
	for _, sub := range parent.Commands() {
		if sub.IsAvailableCommand() && strings.HasPrefix(sub.Name(), typed) {
			names = append(names, cobra.CompletionWithDesc(sub.Name(), sub.Short))
		}
	}
	return names, directive
}
