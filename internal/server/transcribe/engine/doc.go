// Package engine makes the transcription engines that a user can ask for by a text:
//
//	off                                     none
//	exec:COMMAND [ARGUMENT...]              a command, whose output is the text
//	http:URL[,OPTION=VALUE...]              an endpoint like OpenAI's POST /v1/audio/transcriptions
//	simulate:FACTOR[,fail=SHARE]            no speech recognition, only the time that it takes
//
// A command gets the audio as a file of its own, whose path replaces {file} in its arguments or is the last argument,
// and is deleted afterwards. No shell reads the command: its words are separated by blanks, and single or double quotes
// hold a word together. A backslash means itself. What it writes to its standard output is the text. Its exit code must
// be 0. It runs in a process group of its own, all of which is killed when its time is up and when it has ended. It
// does not get variables of the environment that may hold secrets; see [Options].
//
// An endpoint gets the audio as a form's file, with the fields model and response_format. URL is that of the
// endpoint or, without a path or with the path /v1, of its server. The options are model (by default whisper-1),
// language (a hint for the model), format (verbose_json, the default, in which the endpoint says which language it
// heard, or json), and key-file or key-env, which name the file or the variable with the API key. A comma in URL is
// written as %2C.
//
// The simulator reads the audio and then takes FACTOR times as long as the recording plays. It fails for a share of the
// calls, at each attempt for the same ones.
package engine
