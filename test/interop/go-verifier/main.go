// Command go-verifier checks what Countersign exports with code that Countersign's authors did not write:
// golang.org/x/mod/sumdb (signed notes, tiles, proofs) and transparency-dev/formats (cosignatures, tlog-proof).
//
//	go-verifier log   --dir DIR --vkey VKEY [--samples N]
//	go-verifier proof --file FILE --leaf FILE --vkey VKEY [--witness VKEY]...
//
// The first line says OK or FAILED. Exit status: 0 verified, 1 refused, 2 unreadable, 3 usage.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
)

// refused is the verdict on bytes that could be read and do not hold.
type refused struct{ what string }

func (r refused) Error() string { return r.what }

func refuse(format string, args ...any) error {
	return refused{fmt.Sprintf(format, args...)}
}

type vkeys []string

func (v *vkeys) String() string { return strings.Join(*v, ",") }

func (v *vkeys) Set(s string) error {
	*v = append(*v, s)
	return nil
}

func main() {
	if len(os.Args) < 2 {
		usage("expected log or proof")
	}
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	flags.Usage = func() { usage("see the options of go-verifier " + os.Args[1]) }
	dir := flags.String("dir", "", "folder with checkpoint and tile/")
	file := flags.String("file", "", "a .tlog-proof")
	leaf := flags.String("leaf", "", "the leaf data, as a file")
	vkey := flags.String("vkey", "", "verifier key of the log; its name is the origin")
	samples := flags.Int64("samples", 300, "inclusion proofs to make and check")
	var witnesses vkeys
	flags.Var(&witnesses, "witness", "verifier key (type 0x04) of a witness that must have cosigned")
	if err := flags.Parse(os.Args[2:]); err != nil {
		usage(err.Error())
	}

	var said string
	var err error
	switch os.Args[1] {
	case "log":
		said, err = verifyLog(*dir, *vkey, *samples)
	case "proof":
		said, err = verifyProof(*file, *leaf, *vkey, witnesses)
	default:
		usage("unknown command " + os.Args[1])
	}
	var verdict refused
	switch {
	case errors.As(err, &verdict):
		fmt.Printf("FAILED %v\n", verdict)
		os.Exit(1)
	case err != nil:
		fmt.Fprintf(os.Stderr, "UNREADABLE %v\n", err)
		os.Exit(2)
	}
	fmt.Printf("OK %s\n", said)
}

func usage(problem string) {
	fmt.Fprintln(os.Stderr, problem)
	os.Exit(3)
}
