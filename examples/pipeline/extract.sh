# The first attempt fails because the shop is busy. 75 is EX_TEMPFAIL of sysexits.h: a retry may succeed.
if [ "$LAMPLIGHTER_ATTEMPT" = 1 ]; then
    echo "the shop is busy" >&2
    exit 75
fi
mkdir -p work
printf '%s\n' tea,3 coffee,5 tea,4 cake,2 coffee,1 > "work/$LAMPLIGHTER_RUN.raw.new"
mv "work/$LAMPLIGHTER_RUN.raw.new" "work/$LAMPLIGHTER_RUN.raw"
echo "fetched 5 sales for $LAMPLIGHTER_INPUT"
