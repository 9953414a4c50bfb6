// Package deliverytest has helpers for the tests of delivery and its subpackages: a run whose calls are known, a server
// with every kind of storage fault, and a delivery's counts in one line.
package deliverytest
