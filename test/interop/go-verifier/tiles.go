package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// tileHeight is that of C2SP tlog-tiles: 256 hashes.
const tileHeight = 8

// folder reads tiles of a folder in the layout of C2SP tlog-tiles; it implements tlog.TileReader.
type folder struct{ dir string }

func (f folder) Height() int { return tileHeight }

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		bytes, err := os.ReadFile(f.path(tile))
		if err != nil {
			return nil, err
		}
		data[i] = bytes
	}
	return data, nil
}

// path turns sumdb's tile/8/... into tile/..., and data into entries.
func (f folder) path(tile tlog.Tile) string {
	path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight))
	path = strings.Replace(path, "data/", "entries/", 1)
	return filepath.Join(f.dir, "tile", filepath.FromSlash(path))
}

// entries reads the bundle of a tile of entries (level -1).
func (f folder) entries(bundle tlog.Tile) ([][]byte, error) {
	data, err := os.ReadFile(f.path(bundle))
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 {
			return nil, refuse("%s: a length is cut off", bundle.Path())
		}
		n := int(binary.BigEndian.Uint16(data))
		if len(data) < 2+n {
			return nil, refuse("%s: an entry is cut off", bundle.Path())
		}
		entries = append(entries, data[2:2+n])
		data = data[2+n:]
	}
	if len(entries) != bundle.W {
		return nil, refuse("%s: %d entries, expected %d", bundle.Path(), len(entries), bundle.W)
	}
	return entries, nil
}
