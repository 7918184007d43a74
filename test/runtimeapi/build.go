package runtimeapi

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Build compiles the main package pkg, as named from the directory dir, into
// the file out (an absolute path), or with a pattern all that match into the
// folder out, the way that functions are deployed: static,
// stripped, without the RPC mode that provided.al2023 does not use.
func Build(dir, pkg, out string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", out, pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, text)
	}
	return nil
}

// ZipSize is the size in bytes of the zip file that deploys the binary.
func ZipSize(binary string) (int, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	entry, err := z.Create(filepath.Base(binary))
	if err != nil {
		return 0, err
	}
	in, err := os.Open(binary)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	if _, err := io.Copy(entry, in); err != nil {
		return 0, err
	}
	if err := z.Close(); err != nil {
		return 0, err
	}
	return b.Len(), nil
}
