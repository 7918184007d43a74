package store

import (
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// compressFrom is the size in bytes from which compressing a body pays.
const compressFrom = 1 << 10

// The first byte of an encoded body.
const (
	encodedPlain = 0 // the body follows
	encodedZstd  = 1 // a zstd frame follows, with its checksum
)

// Codec encodes bodies for storage: short or incompressible ones plainly, the
// others compressed. The zero value is ready and safe for concurrent use; keep
// one per table, as it holds buffers.
type Codec struct {
	encoder sync.Pool // *zstd.Encoder
	decoder sync.Pool // *zstd.Decoder
}

// Encode returns the stored form of a body, nil for an empty one.
func (c *Codec) Encode(body []byte) ([]byte, error) {
	if len(body) == 0 {
		return nil, nil
	}
	if len(body) >= compressFrom {
		packed, err := c.compress(body)
		if err != nil {
			return nil, err
		}
		if len(packed) < len(body) {
			return packed, nil
		}
	}
	out := make([]byte, 1, 1+len(body))
	return append(out, body...), nil
}

func (c *Codec) compress(body []byte) ([]byte, error) {
	enc, ok := c.encoder.Get().(*zstd.Encoder)
	if !ok {
		var err error
		enc, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
		if err != nil {
			return nil, fmt.Errorf("compressing a body: %w", err)
		}
	}
	defer c.encoder.Put(enc)
	return enc.EncodeAll(body, []byte{encodedZstd}), nil
}

// Decode is the inverse of Encode. It may return a part of data.
func (c *Codec) Decode(data []byte) ([]byte, error) {
	if len(data) == 0 {
		return nil, nil
	}
	switch data[0] {
	case encodedPlain:
		return data[1:], nil
	case encodedZstd:
		return c.decompress(data[1:])
	default:
		return nil, fmt.Errorf("body in unknown encoding %d", data[0])
	}
}

func (c *Codec) decompress(frame []byte) ([]byte, error) {
	dec, ok := c.decoder.Get().(*zstd.Decoder)
	if !ok {
		var err error
		dec, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(MaxBody+1))
		if err != nil {
			return nil, fmt.Errorf("decompressing a body: %w", err)
		}
	}
	defer c.decoder.Put(dec)
	body, err := dec.DecodeAll(frame, nil)
	if err != nil {
		return nil, fmt.Errorf("decompressing a body: %w", err)
	}
	if len(body) == 0 { // a frame cut to nothing is no error of zstd's
		return nil, errors.New("decompressing a body: it is cut off")
	}
	return body, nil
}
