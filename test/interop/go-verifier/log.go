package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// verifyLog checks a whole log: the note, every tile of every level up to the root, every entry against its leaf hash,
// inclusion proofs of random entries, and consistency with checkpoint.old where there is one.
func verifyLog(dir, vkey string, samples int64) (string, error) {
	key, err := note.NewVerifier(vkey)
	if err != nil {
		return "", err
	}
	signed, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return "", err
	}
	tree, err := openCheckpoint(signed, key)
	if err != nil {
		return "", err
	}
	f := folder{dir}
	// This reader believes no hash that does not lead to the root of the tree.
	proven := tlog.TileHashReader(tree, f)
	if err := checkTiles(f, proven, tree.N); err != nil {
		return "", err
	}
	if err := checkInclusion(proven, tree, samples); err != nil {
		return "", err
	}
	old, err := checkConsistency(dir, key, proven, tree)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d entries, root %v, consistent with %d", tree.N, tree.Hash, old), nil
}

// checkTiles reads each hash of each tile of a tree of this size and each entry.
func checkTiles(f folder, proven tlog.HashReader, size int64) error {
	for _, tile := range tlog.NewTiles(tileHeight, 0, size) {
		indexes := make([]int64, tile.W)
		for i := range indexes {
			level, n := tile.L*tileHeight, tile.N<<tileHeight+int64(i)
			indexes[i] = tlog.StoredHashIndex(level, n)
		}
		hashes, err := proven.ReadHashes(indexes)
		if err != nil {
			return judged(err, tile.Path())
		}
		if tile.L > 0 {
			continue
		}
		bundle := tile
		bundle.L = -1
		entries, err := f.entries(bundle)
		if err != nil {
			return err
		}
		for i, entry := range entries {
			if tlog.RecordHash(entry) != hashes[i] {
				return refuse("%s: entry %d is not what its leaf hash says", bundle.Path(), tile.N<<tileHeight+int64(i))
			}
		}
	}
	return nil
}

func checkInclusion(proven tlog.HashReader, tree tlog.Tree, samples int64) error {
	for range min(samples, tree.N) {
		index := rand.Int63n(tree.N)
		leaf, err := proven.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
		if err != nil {
			return judged(err, "a tile")
		}
		proof, err := tlog.ProveRecord(tree.N, index, proven)
		if err != nil {
			return judged(err, "a tile")
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf[0]); err != nil {
			return refuse("inclusion of %d: %v", index, err)
		}
	}
	return nil
}

// checkConsistency proves checkpoint.old twice: with the proof that lies beside it, and with one made from the tiles.
func checkConsistency(dir string, key note.Verifier, proven tlog.HashReader, tree tlog.Tree) (int64, error) {
	signed, err := os.ReadFile(filepath.Join(dir, "checkpoint.old"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	old, err := openCheckpoint(signed, key)
	if err != nil {
		return 0, err
	}
	given, err := readHashes(filepath.Join(dir, "consistency"))
	if err != nil {
		return 0, err
	}
	if err := tlog.CheckTree(given, tree.N, tree.Hash, old.N, old.Hash); err != nil {
		return 0, refuse("the consistency proof: %v", err)
	}
	made, err := tlog.ProveTree(tree.N, old.N, proven)
	if err != nil {
		return 0, judged(err, "a tile")
	}
	if err := tlog.CheckTree(made, tree.N, tree.Hash, old.N, old.Hash); err != nil {
		return 0, refuse("consistency from the tiles: %v", err)
	}
	return old.N, nil
}

func readHashes(path string) (tlog.TreeProof, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var proof tlog.TreeProof
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		hash, err := tlog.ParseHash(lines.Text())
		if err != nil {
			return nil, refuse("%s: %v", filepath.Base(path), err)
		}
		proof = append(proof, hash)
	}
	return proof, nil
}

// judged tells a missing file, which says nothing about the log, from a hash that does not hold.
func judged(err error, what string) error {
	var missing *fs.PathError
	if errors.As(err, &missing) {
		return err
	}
	return refuse("%s: %v", what, err)
}
