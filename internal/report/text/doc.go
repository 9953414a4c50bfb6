// Package text shows reports to people: [WriteReport] a run, [WriteCapacity] a search for a capacity, and [WriteDrills]
// the drills, each as tables for a terminal. All text that came from elsewhere is made safe for one.
package text
