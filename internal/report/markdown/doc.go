// Package markdown writes a report as a summary in GitHub-flavoured Markdown: for a pull request, a chat, a wiki, or
// the page of a CI job.
//
// The readers of Markdown differ, so only what they agree on is used. Every text of a report may be foreign: each is
// one line, its punctuation is escaped, and it never begins a line, where more characters have a meaning.
package markdown
