// Package text renders documents as tables for a terminal: [WriteReport] a run, [WriteCapacity] a search for a
// capacity, and [WriteDrills] the drills, which [WriteDrillsMarkdown] writes as Markdown. It makes all text from
// outside safe for a terminal.
package text
