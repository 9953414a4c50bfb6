// Package report holds the saved documents. A [Report] is what was measured in a run, which it embeds, and how that was
// judged; [Capacity] is the document of a search for a capacity, and [Drill] the outcome of a drill.
//
// [New] makes the report of a run, [WriteJSON] and [Read] save it and bring it back, and [WriteFile] puts a document in
// a file, as a whole or not at all. The packages below this one render documents, one package for each form. They
// compute nothing: a figure that a reader is shown is in the document, in [Summary] if it follows from others.
package report
