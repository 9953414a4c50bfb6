// Package stt is a small endpoint like OpenAI's POST /v1/audio/transcriptions, without speech recognition: it checks
// requests as OpenAI does, takes its time as a model does, with few workers and a queue, fails for a share of the
// requests, and answers with a text that says which audio it got.
//
// The text depends on the audio alone: see [Text].
package stt
