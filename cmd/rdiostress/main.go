// Command rdiostress finds out how many radio calls a RdioScanner-compatible server can really take, and what breaks
// first.
package main

import "rdiostress/internal/cli"

func main() { cli.Main() }
