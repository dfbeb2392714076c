# A source as the site shows it: markers of regions (//! [name]) are empty lines, so
# that the numbers of the lines stay true.
/^[ \t]*\/\/! \[[^]]*\][ \t]*$/ { print ""; next }
{ print }
