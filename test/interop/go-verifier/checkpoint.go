package main

import (
	"encoding/base64"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// openCheckpoint verifies a signed note and reads it as a C2SP tlog-checkpoint of the log that the first key names.
// The other keys, if any, must have signed too.
func openCheckpoint(signed []byte, keys ...note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(signed, note.VerifierList(keys...))
	if err != nil {
		return tlog.Tree{}, refuse("checkpoint: %v", err)
	}
	for _, key := range keys {
		if !signedBy(opened, key) {
			return tlog.Tree{}, refuse("checkpoint: %s did not sign", key.Name())
		}
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 {
		return tlog.Tree{}, refuse("checkpoint: %d lines", len(lines))
	}
	if lines[0] != keys[0].Name() {
		return tlog.Tree{}, refuse("checkpoint: of %q, expected %q", lines[0], keys[0].Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] || size < 0 {
		return tlog.Tree{}, refuse("checkpoint: size %q", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil || base64.StdEncoding.EncodeToString(root[:]) != lines[2] {
		return tlog.Tree{}, refuse("checkpoint: root %q", lines[2])
	}
	return tlog.Tree{N: size, Hash: root}, nil
}

func signedBy(opened *note.Note, key note.Verifier) bool {
	for _, sig := range opened.Sigs {
		if sig.Name == key.Name() && sig.Hash == key.KeyHash() {
			return true
		}
	}
	return false
}
