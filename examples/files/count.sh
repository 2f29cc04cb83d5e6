# The input of a step of a Map is its item: the name of a file.
if [ ! -f "in/$LAMPLIGHTER_INPUT" ]; then
    echo "there is no file in/$LAMPLIGHTER_INPUT" >&2
    exit 1
fi
words=$(($(wc -w < "in/$LAMPLIGHTER_INPUT")))
echo "$LAMPLIGHTER_INPUT has $words words"
mkdir -p out
# Write to a temporary name first, because another run may count the same file at the same time.
echo "$words" > "out/$LAMPLIGHTER_INPUT.$LAMPLIGHTER_RUN"
mv "out/$LAMPLIGHTER_INPUT.$LAMPLIGHTER_RUN" "out/$LAMPLIGHTER_INPUT"
