#!/bin/sh
# Builds fastText and word2vec.c, which words.py compares with, for this processor, into FOLDER.
# usage: build_peers.sh FOLDER; needs git, gcc and g++
set -eu
mkdir -p "${1:?usage: build_peers.sh FOLDER}"
cd "$1"

FASTTEXT=${FASTTEXT:-https://github.com/facebookresearch/fastText}
WORD2VEC=${WORD2VEC:-https://github.com/tmikolov/word2vec}
test -d fastText-source || git clone --depth 1 "$FASTTEXT" fastText-source
test -d word2vec-source || git clone --depth 1 "$WORD2VEC" word2vec-source

g++ -std=c++17 -O3 -march=native -funroll-loops -DNDEBUG -pthread -o fasttext fastText-source/src/*.cc
gcc -O3 -march=native -funroll-loops -pthread -o word2vec word2vec-source/word2vec.c -lm
