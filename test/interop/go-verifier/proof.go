package main

import (
	"os"

	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// verifyProof checks a c2sp.org/tlog-proof@v1 for the bytes of one leaf.
func verifyProof(file, leaf, vkey string, witnesses []string) (string, error) {
	key, err := note.NewVerifier(vkey)
	if err != nil {
		return "", err
	}
	keys := []note.Verifier{key}
	for _, witness := range witnesses {
		cosigner, err := fnote.NewVerifierForCosignatureV1(witness)
		if err != nil {
			return "", err
		}
		keys = append(keys, cosigner)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile(leaf)
	if err != nil {
		return "", err
	}
	var receipt proof.TLogProof
	if err := receipt.Unmarshal(text); err != nil {
		return "", refuse("tlog-proof: %v", err)
	}
	tree, err := openCheckpoint(receipt.Checkpoint, keys...)
	if err != nil {
		return "", err
	}
	path := make(tlog.RecordProof, len(receipt.Hashes))
	for i, hash := range receipt.Hashes {
		path[i] = tlog.Hash(hash)
	}
	index := int64(receipt.Index)
	if err := tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(data)); err != nil {
		return "", refuse("inclusion of %d: %v", index, err)
	}
	return "leaf is in the log, cosigned as asked", nil
}
